"""The answer of a route: what of the platform's words an app may see.

One call: `opened = answer.open(body, open_scopes)`, one look-up of `opened.subjects`, `opened.render(with_basis)`.
Where no subject's basis is asked for, `filter` does both.
"""

from collections.abc import Callable, Collection, Container
from dataclasses import dataclass, field
from functools import cached_property
from typing import cast

from scopes import strict_json
from scopes.filters import Around, Constant, Step, compile_node
from scopes.media import read_media_type
from scopes.refusals import AnswerMalformed
from scopes.sweeps import Sweep
from scopes.trees import ANY, Branch, Cases, Keyed, Leaf, Node, Rows, list_children, walk_leaves
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
    _kept: object
    _sweep: Sweep

    def render(self, with_basis: Container[str]) -> Filtered:
        """Withhold what rests on anyone outside `with_basis` and write the answer.

        Args:
            with_basis: ids of the people whose data may pass, and the account's own ids. An object whose subject the
                platform did not name counts as one without basis.
        """
        self._sweep.mask(with_basis)
        return self.write()

    def write(self) -> Filtered:
        """Write the answer as the scopes alone leave it, where no subject's own basis is asked for."""
        return Filtered(strict_json.encode(self._kept), self.subjects, self.count)


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
    _compiled: dict[frozenset[str], Step | Constant | None] = field(default_factory=dict, repr=False, compare=False)

    @property
    def is_binary(self) -> bool:
        """Whether the answer is a file that passes unread."""
        return self.root is None

    @cached_property
    def field_scopes(self) -> frozenset[str]:
        """The scopes that the declared fields name."""
        return frozenset(leaf.scope for leaf in self._leaves if leaf.scope != ANY)

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
            AnswerMalformed: not one strict JSON object, larger or deeper than allowed, or other than declared.
        """
        if self.root is None or len(body) > self.limit_bytes:
            raise AnswerMalformed("the answer is larger than allowed, or a file where JSON is read")
        try:
            value = strict_json.decode(body)
            if type(value) is not dict:
                raise AnswerMalformed("the answer is not an object")
            if self.envelope is not None and not self._is_success(value, self.envelope):
                return self._open_failure(value, self.envelope)
            sweep = Sweep(dict.fromkeys(named)) if self.about_named else Sweep()
            kept = self._apply(value, sweep, open_scopes)
        except strict_json.NotStrict as error:
            raise AnswerMalformed(str(error)) from error
        count = sweep.count if self._has_rows else 1
        return Opened(tuple(sweep.subjects), count, kept, sweep)

    def _apply(self, value: dict[str, object], sweep: Sweep, open_scopes: Collection[str]) -> object:
        step = self._find_step(open_scopes)
        if step is None or isinstance(step, Constant):
            strict_json.check_depth(value, strict_json.MAX_DEPTH)
            return {} if step is None else step.value
        return step(value, sweep, list(sweep.subjects) if self.about_named else None)

    def _find_step(self, open_scopes: Collection[str]) -> Step | Constant | None:
        relevant = self._relevant.intersection(open_scopes)
        if relevant not in self._compiled:
            self._compiled[relevant] = compile_node(cast("Branch", self.root), Around(self._judge(relevant)))
        return self._compiled[relevant]

    def _judge(self, open_scopes: Collection[str]) -> Callable[[str], bool]:
        """Return what tells whether a scope is open; nothing is where the route itself is closed."""
        if self.opened_by and self.opened_by.isdisjoint(open_scopes):
            return lambda _scope: False
        return lambda scope: scope == ANY or scope in open_scopes

    @cached_property
    def _leaves(self) -> tuple[Leaf, ...]:
        return () if self.root is None else tuple(walk_leaves(self.root))

    @cached_property
    def _has_rows(self) -> bool:
        return self.root is not None and _has_rows(self.root)

    @cached_property
    def _relevant(self) -> frozenset[str]:
        return self.field_scopes | self.opened_by

    @staticmethod
    def _is_success(value: dict[str, object], envelope: Envelope) -> bool:
        code = value.get(envelope.field)
        return any(type(code) is type(good) and code == good for good in envelope.success)

    @staticmethod
    def _open_failure(value: dict[str, object], envelope: Envelope) -> Opened:
        strict_json.check_depth(value, strict_json.MAX_DEPTH)
        if type(value.get(envelope.field)) not in {int, str}:
            raise AnswerMalformed("the answer says neither success nor failure")
        kept = {name: value[name] for name in envelope.keep if name in value}
        if any(isinstance(one, dict | list) for one in kept.values()):
            raise AnswerMalformed("a member has another form than declared")
        return Opened((), 0, kept, Sweep())


def _has_rows(node: Node) -> bool:
    if isinstance(node, Rows | Keyed):
        return True
    return not isinstance(node, Cases) and any(_has_rows(child) for child in list_children(node))
