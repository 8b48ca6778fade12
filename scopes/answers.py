"""The answer of a route: what of the platform's words an app may see.

One call: `opened = answer.open(body, open_scopes)`, one look-up of `opened.subjects`, `opened.render(with_basis)`.
Where no subject's basis is asked for, `filter` does both.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, cast

import msgspec

from scopes import strict_json
from scopes.filters import compile_root
from scopes.forms import OTHER_FORM, Reader, Sweep, WithBasis, encode, read_scalar
from scopes.media import read_media_type
from scopes.refusals import AnswerMalformed
from scopes.trees import ANY, MARK, Branch, Cases, Keyed, Leaf, Node, Rows, list_children, walk_leaves
from scopes.written import Envelope


@dataclass(frozen=True, slots=True)
class Filtered:
    """An answer that may go out.

    Args:
        body: JSON in UTF-8, written anew.
        subjects: ids of the people that the answer is about, whether shown or not, in order, each once.
        count: rows of the outermost lists; 1 for one thing, 0 for a failure.
    """

    body: bytes
    subjects: tuple[str, ...]
    count: int


@dataclass(frozen=True, slots=True)
class Opened:
    """An answer reduced to what the scopes open, before the people in it were looked up."""

    subjects: tuple[str, ...]
    count: int
    _written: bytes
    _kept: object = None
    _sweep: Sweep = field(default_factory=Sweep)

    @property
    def rests_on_people(self) -> bool:
        """Whether there is anything in it that may be withheld for want of somebody's basis."""
        return self._sweep.rests_on_people

    def render(self, with_basis: WithBasis) -> Filtered:
        """Withhold what rests on anyone outside `with_basis` and write the answer.

        Args:
            with_basis: ids of the people whose data may pass, and the account's own ids; where a basis is of some
                scopes only, by scope (`any` for what whatever opened the route opens). An object whose subject the
                platform did not name, or whom it calls a minor, counts as one without basis.
        """
        if not self._sweep.mask(with_basis):
            return self.write()
        return Filtered(encode(self._kept), self.subjects, self.count)

    def write(self) -> Filtered:
        """Write the answer as the scopes alone leave it, where no subject's own basis is asked for."""
        return Filtered(self._written, self.subjects, self.count)


@dataclass(frozen=True)
class Answer:
    """What a route answers, by declaration; filters are compiled once for each set of open scopes.

    Args:
        root: the declared tree; None for bytes that pass unread (a file), which are only held to their media type.
        opened_by: the scopes that open the route, and with it every field marked `any`; none: those are always open.
        media_types: the declared types; any other is refused.
        headers: the answer headers that pass.
        limit_bytes: a larger answer is refused.
        envelope: how the body itself says that the call failed; None where the status does.
        about_named: it is about the people whom the call names, and does not name them itself.
    """

    root: Branch | None
    opened_by: frozenset[str]
    media_types: tuple[str, ...]
    headers: tuple[str, ...]
    limit_bytes: int
    envelope: Envelope | None = None
    about_named: bool = False
    _compiled: dict[frozenset[str], Reader] = field(default_factory=dict, repr=False, compare=False)

    @property
    def is_binary(self) -> bool:
        """Whether the answer is a file that passes unread."""
        return self.root is None

    @cached_property
    def field_scopes(self) -> frozenset[str]:
        """The scopes that the declared fields name."""
        return frozenset(leaf.scope for leaf in self._leaves) - {ANY}

    def check_media_type(self, content_type: str | None) -> None:
        """Refuse an answer that does not call itself what the route declares.

        Raises:
            AnswerMalformed
        """
        if content_type is None or read_media_type(content_type, is_text=not self.is_binary) not in self.media_types:
            raise AnswerMalformed("the answer's media type is not declared")

    def declared_withheld(self, open_scopes: Collection[str]) -> int:
        """Count the declared members that these scopes do not open, whatever an answer holds (I10)."""
        is_open = self._judge(open_scopes)
        return sum(not is_open(leaf.scope) for leaf in self._leaves)

    def declared_resting(self, open_scopes: Collection[str], asked_for: Collection[str]) -> int:
        """Count the declared members that are open and pass only with each person's own consent (I10).

        Args:
            open_scopes: what the verdict left open.
            asked_for: those scopes of which each person is asked; `any` counts as one where any of these opens it.
        """
        is_open = self._judge(open_scopes)
        resting = {*asked_for, ANY} if self.opened_by.intersection(open_scopes) <= {*asked_for} else {*asked_for}
        return sum(leaf.on_subject and leaf.scope in resting and is_open(leaf.scope) for leaf in self._leaves)

    def filter(self, body: bytes, open_scopes: Collection[str], named: Collection[str] = ()) -> Filtered:
        """Reduce a platform's answer to what the scopes open, asking for no subject's basis.

        Raises:
            AnswerMalformed: when the body is not what the route declares.
        """
        return self.open(body, open_scopes, named).write()

    def open(self, body: bytes, open_scopes: Collection[str], named: Collection[str] = ()) -> Opened:
        """Reduce a platform's answer to what the scopes open and name the people in it.

        Args:
            body: the whole answer, its content coding undone, not yet looked at.
            open_scopes: what the verdict left open for this call.
            named: the people whom the call names.

        Raises:
            AnswerMalformed: not one JSON object, larger or deeper than can be read, or other than declared.
        """
        if self.root is None or len(body) > self.limit_bytes:
            raise AnswerMalformed("the answer is larger than allowed, or a file where JSON is read")
        reader, sweep = self._find_reader(open_scopes), Sweep()
        try:
            strict_json.check(body)
        except strict_json.NotStrict as error:
            raise AnswerMalformed(str(error)) from error
        try:
            value = reader.read(body)
        except AnswerMalformed:
            if self.envelope is None:
                raise
            return self._open_failure(body, self.envelope)  # of a failure only the envelope is declared
        if self.envelope is not None and not self._is_success(getattr(value, reader.places[self.envelope.field])):
            return self._open_failure(body, self.envelope)
        people = list(dict.fromkeys(named)) if self.about_named else None
        sweep.subjects.update(dict.fromkeys(people or ()))
        written = reader.settle(value, sweep, people)
        return Opened(tuple(sweep.subjects), sweep.count if self._has_rows else 1, written, value, sweep)

    def _find_reader(self, open_scopes: Collection[str]) -> Reader:
        relevant = self._relevant.intersection(open_scopes)
        if relevant not in self._compiled:
            read_too = () if self.envelope is None else (self.envelope.field,)
            form = compile_root(cast("Branch", self.root), self._judge(relevant), read_too=read_too)
            self._compiled[relevant] = Reader(form)
        return self._compiled[relevant]

    def _judge(self, open_scopes: Collection[str]) -> Callable[[str], bool]:
        """Return what tells whether a scope is open; nothing is where the route itself is closed."""
        if self.opened_by and self.opened_by.isdisjoint(open_scopes):
            return lambda _scope: False
        return lambda scope: scope == ANY or scope in open_scopes

    def _is_success(self, code: Any) -> bool:
        """Say whether the member that tells so, as its bytes, tells of success; nearly always in the usual spelling."""
        if self.envelope is None or code is msgspec.UNSET:
            return False
        return bytes(code) in self._successes or self.envelope.is_success(read_scalar(code))

    @cached_property
    def _successes(self) -> frozenset[bytes]:
        return frozenset(map(encode, self.envelope.success if self.envelope else ()))

    @cached_property
    def _leaves(self) -> tuple[Leaf, ...]:
        return () if self.root is None else tuple(leaf for leaf in walk_leaves(self.root) if leaf.scope != MARK)

    @cached_property
    def _has_rows(self) -> bool:
        return self.root is not None and _has_rows(self.root)

    @cached_property
    def _relevant(self) -> frozenset[str]:
        return self.field_scopes | self.opened_by

    @staticmethod
    def _open_failure(body: bytes, envelope: Envelope) -> Opened:
        """Keep of a failed answer what the envelope lists, scalars only."""
        try:
            value = strict_json.parse(body)
        except strict_json.NotStrict as error:
            raise AnswerMalformed(str(error)) from error
        if type(value) is not dict:
            raise AnswerMalformed("the answer is not an object")
        code = value.get(envelope.field)
        if envelope.is_success(code):
            raise AnswerMalformed(OTHER_FORM)
        if type(code) not in {int, str}:
            raise AnswerMalformed("the answer says neither success nor failure")
        kept = {name: value[name] for name in envelope.keep if name in value}
        if any(isinstance(one, dict | list) for one in kept.values()):
            raise AnswerMalformed(OTHER_FORM)
        return Opened((), 0, strict_json.encode(kept))


def _has_rows(node: Node) -> bool:
    if isinstance(node, Rows | Keyed):
        return True
    return not isinstance(node, Cases) and any(_has_rows(child) for child in list_children(node))
