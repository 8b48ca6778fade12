"""Places of an answer as types that read them: what is listed has a place, what is not is skipped without being built.

Each form has two types. `loose` reads: its scalars stay the bytes that they came as (`msgspec.Raw`), so digits, escapes
and fractions pass unchanged. `exact` knows the form of every scalar, and reads what was written, to judge it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from scopes.refusals import AnswerMalformed
from scopes.trees import ABSENT, Leaf

Ids = list[str]
People = frozenset[str] | set[str]
WithBasis = People | Mapping[str, People]
"""Whose data may pass: for every scope alike, or by scope."""
Masks = Sequence[tuple[Sequence[str], Sequence[tuple[str, object]]]]
"""Members that rest on people, each with what stands for it; those together that rest on the same scopes."""
_ID = str | int | None
OTHER_FORM = "a member has another form than declared"
_encode = msgspec.json.Encoder().encode
_read_any = msgspec.json.Decoder().decode
_UNREADABLE = (msgspec.MsgspecError, UnicodeError, RecursionError)


@dataclass(slots=True)
class Sweep:
    """What one pass over one answer found.

    Args:
        subjects: ids of the people in it, in order, each once.
        count: rows of its outermost lists.
        holds: for each object with members that rest on people's own basis: the people, the object, the members' masks.
        items: for each object that is left out whole: the people, the object, the scopes of which one must pass them.
        lists: those that such objects stand in.
    """

    subjects: dict[str, None] = field(default_factory=dict)
    count: int = 0
    holds: list[tuple[Ids, Any, Masks]] = field(default_factory=list)
    items: list[tuple[Ids, Any, Sequence[str]]] = field(default_factory=list)
    lists: list[list[Any]] = field(default_factory=list)

    @property
    def rests_on_people(self) -> bool:
        """Whether there is anything that may be withheld for want of somebody's basis."""
        return bool(self.holds or self.items)

    def mask(self, with_basis: WithBasis) -> bool:
        """Withhold, in place, what rests on anyone outside `with_basis`; nobody named counts as nobody's basis.

        A member of several scopes goes whole where none of them has everyone's basis; else what is in it is judged.

        Returns:
            whether anything was withheld.
        """
        may_pass = _judge_of(with_basis)
        has_masked = self._leave_out(may_pass)
        for ids, kept, groups in self.holds:
            for scopes, masks in groups:
                if ids and may_pass(scopes, ids):
                    continue
                for name, mask in masks:
                    setattr(kept, name, msgspec.UNSET if mask is ABSENT else mask)
                    has_masked = True
        return has_masked

    def _leave_out(self, may_pass: Callable[[Sequence[str], Ids], bool]) -> bool:
        left_out = {id(one) for ids, one, scopes in self.items if not ids or not may_pass(scopes, ids)}
        for each in self.lists if left_out else ():
            each[:] = [one for one in each if id(one) not in left_out]
        return bool(left_out)


def _judge_of(with_basis: WithBasis) -> Callable[[Sequence[str], Ids], bool]:
    if not isinstance(with_basis, Mapping):
        return lambda _scopes, ids: with_basis.issuperset(ids)
    by_scope, nobody = with_basis, frozenset[str]()
    return lambda scopes, ids: any(by_scope.get(scope, nobody).issuperset(ids) for scope in scopes)


Visit = Callable[[Any, Sweep, Ids | None], None]


@dataclass(frozen=True, slots=True)
class Constant:
    """A withheld place whose `masked_as` stands there whatever the platform said, so it shows nothing (I10)."""

    value: object


@dataclass(frozen=True, slots=True)
class Form:
    """How one place is read, judged and gone over.

    Args:
        loose: the type that reads it.
        exact: the type of what may be written of it.
        visit: what finds people, rows and masks in what was read; None where there is nothing to find.
        places: of an object, the attributes by the names of its members.
    """

    loose: Any
    exact: Any
    visit: Visit | None = None
    places: Mapping[str, str] = field(default_factory=dict)

    @property
    def or_null(self) -> "Form":
        """The same for a place where null may stand."""
        return Form(self.loose | None, self.exact | None, self.visit, self.places)


class Reader:
    """A form put to use: reads bytes, goes over them, writes what is left and judges it."""

    def __init__(self, form: Form) -> None:
        self.places = form.places
        self._loose, self._exact = msgspec.json.Decoder(form.loose), msgspec.json.Decoder(form.exact)
        self._visit = form.visit

    def read(self, raw: Any) -> Any:
        """Read bytes.

        Raises:
            AnswerMalformed
        """
        try:
            return self._loose.decode(raw)
        except _UNREADABLE as error:
            raise AnswerMalformed(OTHER_FORM) from error

    def settle(self, value: Any, sweep: Sweep, ids: Ids | None) -> bytes:
        """Go over what was read, and return how it is written before anybody's basis is asked for.

        Raises:
            AnswerMalformed
        """
        if self._visit is not None and value is not None:
            self._visit(value, sweep, ids)
        written = encode(value)
        try:
            self._exact.decode(written)
        except _UNREADABLE as error:
            raise AnswerMalformed(OTHER_FORM) from error
        return written


@dataclass(frozen=True, slots=True)
class Choice:
    """A member whose form its sibling `by` decides; an unlisted case is `{}`."""

    by: str
    readers: Mapping[str, Reader]


@dataclass(slots=True)
class Members:
    """The members of an object, by what has to be done with them.

    Args:
        open: those that pass.
        hidden: those that are only read: ids of people and deciding siblings that are not open.
        choices: those whose form a sibling decides.
        constants: what stands there whatever was said.
        masks: what stands for those that rest on a person, without that person's basis, and the scopes they open by.
        subjects: the members that name the people whom the object is about.
        minors: the members that say that these are under age.
        held_by: the open scopes of which one must pass these, or the object is left out; none where it is masked.
    """

    open: dict[str, Form] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    choices: dict[str, Choice] = field(default_factory=dict)
    constants: dict[str, object] = field(default_factory=dict)
    masks: dict[str, tuple[object, frozenset[str]]] = field(default_factory=dict)
    subjects: tuple[str, ...] = ()
    minors: tuple[str, ...] = ()
    held_by: tuple[str, ...] = ()


def exact_type(leaf: Leaf) -> Any:
    """Return the type of a scalar's JSON forms; null always passes."""
    types = {bool: bool, int: int, str: str, msgspec.Raw: float}
    union: Any = None
    for one in leaf.types:
        union = types[one] | union
    return union


def build_object(members: Members) -> Form:
    """Build the form of an object."""
    forms = dict(members.open)
    forms |= dict.fromkeys([*members.hidden, *members.choices, *members.constants], Form(msgspec.Raw, msgspec.Raw))
    forms |= {name: Form(_ID, forms[name].exact) for name in members.subjects}
    places = {name: f"m{number}" for number, name in enumerate(forms)}
    names = {place: name for name, place in places.items()}
    loose = [_field(places[name], form.loose) for name, form in forms.items()]
    exact = [_field(places[name], form.exact) for name, form in forms.items()]
    reads, judges = (msgspec.defstruct("Object", fields, rename=names, gc=False) for fields in (loose, exact))
    return Form(reads, judges, _build_visit(members, places), places)


def _field(place: str, kind: Any) -> tuple[str, Any, Any]:
    return place, kind if kind is msgspec.Raw else kind | msgspec.UnsetType, msgspec.UNSET


def _build_visit(members: Members, places: Mapping[str, str]) -> Visit | None:
    subjects = [places[name] for name in members.subjects]
    inner = [(places[name], form.visit) for name, form in members.open.items() if form.visit is not None]
    choices = [(places[name], places[one.by], one.readers) for name, one in members.choices.items()]
    fixed = [(places[name], value) for name, value in members.constants.items()]
    fixed += [(places[name], msgspec.UNSET) for name in members.hidden]
    minors = [places[name] for name in members.minors]
    masks, held_by = _group(members.masks, places), members.held_by
    if not (subjects or inner or choices or fixed or masks):
        return None

    def visit(value: Any, sweep: Sweep, ids: Ids | None) -> None:
        if subjects:
            ids = _read_ids(value, subjects, sweep)
        if minors and not _is_of_age(value, minors):
            ids = []
        for place, by, readers in choices:
            _choose(value, (place, by, readers), sweep, ids)
        for place, go_over in inner:
            one = getattr(value, place)
            if one is not None and one is not msgspec.UNSET:
                go_over(one, sweep, ids)
        for place, one in fixed:
            setattr(value, place, one)
        if masks:
            sweep.holds.append((ids or [], value, masks))
        sweep.items += [(ids or [], value, held_by)] if held_by else ()

    return visit


def _is_of_age(value: Any, places: Sequence[str]) -> bool:
    """Say whether a platform calls somebody no minor, in just that word: where it says nothing, nobody knows."""
    marks = [getattr(value, place) for place in places]
    return all(raw is not msgspec.UNSET and bytes(raw) == b"false" for raw in marks)


def _group(masks: Mapping[str, tuple[object, frozenset[str]]], places: Mapping[str, str]) -> Masks:
    groups: dict[tuple[str, ...], list[tuple[str, object]]] = {}
    for name, (mask, scopes) in masks.items():
        groups.setdefault(tuple(sorted(scopes)), []).append((places[name], mask))
    return list(groups.items())


def _choose(value: Any, choice: tuple[str, str, Mapping[str, Reader]], sweep: Sweep, ids: Ids | None) -> None:
    place, by, readers = choice
    raw = getattr(value, place)
    if raw is msgspec.UNSET:
        return
    kind = read_scalar(getattr(value, by))
    reader = readers.get(kind) if isinstance(kind, str) else None
    if reader is None:
        setattr(value, place, {})
        return
    chosen = reader.read(raw)
    reader.settle(chosen, sweep, ids)
    setattr(value, place, chosen)


def _read_ids(value: Any, places: Sequence[str], sweep: Sweep) -> Ids:
    """List the people whom an object names; empty where it does not name one of those declared."""
    ids = []
    for place in places:
        one = getattr(value, place)
        if type(one) is int:
            one = str(one)
        if type(one) is str:
            ids.append(one)
            sweep.subjects[one] = None
    return ids if len(ids) == len(places) else []


def read_scalar(raw: Any) -> object:
    """Read a member that a `loose` type kept as its bytes; what is absent, or cannot be read, is None."""
    try:
        return None if raw is msgspec.UNSET else _read_any(raw)
    except _UNREADABLE:
        return None


def encode(value: object) -> bytes:
    """Write what was read, scalars byte for byte."""
    return _encode(value)
