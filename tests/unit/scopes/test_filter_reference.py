"""The compiled filters against a slow and obvious reading of the same declaration, over documents that nobody wrote."""

import json
from collections.abc import Collection, Mapping
from functools import cache
from math import isinf
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scopes import Answer, AnswerMalformed, Catalogue
from scopes.trees import ABSENT, ANY, MARK, Branch, Cases, Either, Keyed, Leaf, Node, Rows, list_children, walk_leaves

MISSING = object()
ROUTES = [
    ("shop", "list_people"),
    ("shop", "view_person"),
    ("zalo", "view_follower"),
    ("zalo", "list_followers"),
    ("zalo", "list_recent_chats"),
    ("zalo", "list_leads"),
    ("shop", "list_letters"),
    ("zalo", "send_message"),
    ("zalo", "list_tags"),
    ("zalo", "view_quota"),
    ("zalo", "view_custom_fields"),
    ("matrix", "list_messages"),
    ("matrix", "view_context"),
    ("matrix", "list_members"),
]


class Number(str):
    """A number with a fraction or exponent, kept as it was written."""

    __slots__ = ()


class RefusedByReference(Exception):
    """The reference would refuse this document."""


def read(text: str | bytes) -> Any:
    """Read JSON, keeping other numbers as written."""
    return json.loads(text, parse_float=Number)


Basis = Mapping[str, Collection[str]]


def reference(answer: Answer, document: Any, opened: Collection[str], basis: Basis) -> Any:
    """Filter a document by walking the declaration, one rule at a time."""
    if not isinstance(document, dict) or holds_endless(document):
        raise RefusedByReference
    envelope = answer.envelope
    if envelope is not None:
        code = document.get(envelope.field)
        if type(code) not in {int, str}:
            raise RefusedByReference
        if code not in envelope.success:
            kept = {name: document[name] for name in envelope.keep if name in document}
            if any(isinstance(one, dict | list) for one in kept.values()):
                raise RefusedByReference
            return kept
    assert answer.root is not None
    kept = keep(answer.root, document, Reading(answer, opened, basis), None)
    return {} if kept is MISSING else kept


def holds_endless(value: Any) -> bool:
    """Whether there is a number in it that no double holds."""
    if isinstance(value, dict | list):
        return any(holds_endless(one) for one in (value.values() if isinstance(value, dict) else value))
    return isinstance(value, Number) and isinf(float(value))


class Reading:
    """What the reference needs to know at every place."""

    def __init__(self, answer: Answer, opened: Collection[str], basis: Basis) -> None:
        self.answer, self.opened, self.basis = answer, opened, basis

    def is_open(self, leaf: Leaf) -> bool:
        """Whether a leaf's scope is held."""
        return bool(self.answer.opened_by & set(self.opened)) and (leaf.scope == ANY or leaf.scope in self.opened)

    def has_open(self, node: Node) -> bool:
        """Whether anything inside a place is open."""
        return any(self.is_open(leaf) for leaf in walk_leaves(node))

    def is_personal(self, node: Node) -> bool:
        """Whether everything open inside a place is one person's own, and the place names no people itself."""
        if isinstance(node, Leaf):
            return node.on_subject or not self.is_open(node)
        if isinstance(node, Keyed) and node.by_subject:
            return False
        children = list_children(node)
        return all(self.is_personal(one) and not getattr(one, "names_subject", False) for one in children)

    def has_basis(self, node: Node, people: list[str] | None) -> bool:
        """Whether everyone whom a place is about has a basis for something that is open in it."""
        scopes = {leaf.scope for leaf in walk_leaves(node) if self.is_open(leaf)}
        return bool(people) and any(all(one in self.basis[scope] for one in people or []) for scope in scopes)


def masked(node: Node) -> Any:
    """What stands for a place of which nothing is open."""
    if isinstance(node, Leaf):
        return MISSING if node.masked_as is ABSENT else node.masked_as
    if isinstance(node, Branch):
        inner = {name: masked(one) for name, one in node.fields.items()}
        shown = {name: one for name, one in inner.items() if one is not MISSING}
        return shown or MISSING
    return MISSING


def keep(node: Node, value: Any, reading: Reading, people: list[str] | None) -> Any:
    """Keep of one place what may pass."""
    if not reading.has_open(node):
        return masked(node)
    if isinstance(node, Leaf):
        kinds = {str: str, int: int, bool: bool, Number: msgspec.Raw}
        if value is not None and kinds.get(type(value)) not in node.types:
            raise RefusedByReference
        return value
    if value is None:
        return None
    if isinstance(node, Either):
        form = form_of(node, value)
        empty = type(value)() if isinstance(value, list | dict) else None
        return keep(form, value, reading, people) if reading.has_open(form) else empty
    return keep_container(node, value, reading, people)


def form_of(node: Either, value: Any) -> Node:
    """Find the one declared form that a value has."""
    kinds = {str: str, int: int, bool: bool, Number: msgspec.Raw}
    for form in node.forms:
        own = {list} if isinstance(form, Rows) else form.types if isinstance(form, Leaf) else {dict}
        if kinds.get(type(value), type(value)) in own:
            return form
    raise RefusedByReference


def keep_container(node: Node, value: Any, reading: Reading, people: list[str] | None) -> Any:
    """Keep of a list or an object what may pass."""
    if isinstance(node, Rows) and isinstance(value, list):
        kept = [(one, keep(node.items, one, reading, people)) for one in value]
        return [shown for one, shown in kept if not node.held_by or one is None or may_stand(node, one, reading)]
    if not isinstance(value, dict) or isinstance(node, Rows):
        raise RefusedByReference
    if isinstance(node, Keyed):
        return {
            key: keep(node.values, one, reading, [key] if node.by_subject else people) for key, one in value.items()
        }
    assert isinstance(node, Branch)
    return keep_members(node, value, reading, people)


def may_stand(node: Rows, value: dict[str, Any], reading: Reading) -> bool:
    """Whether one open scope that opens the route passes everyone whom an item names, none of them a minor."""
    assert isinstance(node.items, Branch)
    ids = [name for name, one in node.items.fields.items() if isinstance(one, Leaf) and one.names_subject]
    marks = [value.get(name) for name, one in node.items.fields.items() if isinstance(one, Leaf) and one.scope == MARK]
    if any(type(value.get(name)) not in {str, int} for name in ids) or any(mark is not False for mark in marks):
        return False
    scopes = node.held_by & set(reading.opened)
    return any(all(str(value[name]) in reading.basis[scope] for name in ids) for scope in scopes)


def keep_members(node: Branch, value: dict[str, Any], reading: Reading, people: list[str] | None) -> dict[str, Any]:
    """Keep of an object its listed members."""
    ids = [name for name, one in node.fields.items() if isinstance(one, Leaf) and one.names_subject]
    if ids:
        named = [value.get(name) for name in ids]
        if any(one is not None and type(one) not in {str, int} for one in named):
            raise RefusedByReference  # whom it is about must be readable, shown or not
        people = [str(one) for one in named] if all(type(one) in {str, int} for one in named) else []
    marks = [value.get(name) for name, one in node.fields.items() if isinstance(one, Leaf) and one.scope == MARK]
    if any(mark is not False for mark in marks):
        people = []
    kept: dict[str, Any] = {}
    for name, one in node.fields.items():
        shown: Any = MISSING
        if not reading.has_open(one):
            shown = masked(one)
        elif name in value:
            shown = keep_case(one, value, name, reading, people) if isinstance(one, Cases) else None
            shown = keep(one, value[name], reading, people) if not isinstance(one, Cases) else shown
        if reading.has_open(one) and reading.is_personal(one) and not reading.has_basis(one, people):
            shown = {} if isinstance(one, Cases) else masked(one)
        if shown is not MISSING:
            kept[name] = shown
    return kept


def keep_case(node: Cases, around: dict[str, Any], name: str, reading: Reading, people: list[str] | None) -> Any:
    """Keep of an object whose shape a sibling decides what that case lists."""
    kind = around.get(node.by)
    case = node.cases.get(kind) if type(kind) is str else None
    if case is None or not reading.has_open(case):
        return {}
    return keep(case, around[name], reading, people)


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**31), 10**31),
    st.sampled_from([Number("1.10"), Number("1e400"), Number("-0.0")]),
    st.text(max_size=6),
    st.sampled_from(["1", "2", "0", "m.room.message", "member", "a:b", ":)", '"', "\\u003a", "\\"]),
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


@cache
def strategy(route: tuple[str, str], *, odd: bool) -> st.SearchStrategy[Any]:
    """The documents of one route's answer, built once."""
    return documents(ROOTS[route], odd=odd)


ROOTS: dict[tuple[str, str], Node] = {}


def documents(node: Node, *, odd: bool) -> st.SearchStrategy[Any]:
    """Documents near a declaration: members missing, added, null and, where `odd`, of another form."""
    near = _near(node, odd=odd)
    return st.one_of(near, near, near, near, near, near, near, ANYTHING) if odd else near


def _near(node: Node, *, odd: bool) -> st.SearchStrategy[Any]:
    if isinstance(node, Leaf):
        forms = {str: st.sampled_from(["1", "2", "x:y", "m.room.message", "member", "đ"]), int: st.integers(0, 10**30)}
        forms |= {bool: st.booleans(), msgspec.Raw: st.just(Number("2.50"))}
        return st.one_of(st.none(), *(forms[one] for one in node.types))
    if isinstance(node, Rows):
        return st.lists(documents(node.items, odd=odd), max_size=3)
    if isinstance(node, Keyed):
        return st.dictionaries(st.sampled_from(["1", "2", "@b:l"]), documents(node.values, odd=odd), max_size=2)
    if isinstance(node, Either):
        return st.one_of(*(documents(one, odd=odd) for one in node.forms))
    if isinstance(node, Cases):
        return st.one_of(*(documents(one, odd=odd) for one in node.cases.values()))
    members = {name: documents(one, odd=odd) for name, one in node.fields.items()}
    listed = st.fixed_dictionaries({}, optional=members)
    extra = st.dictionaries(st.text(max_size=4), ANYTHING, max_size=2)
    return st.builds(lambda one, more: {**more, **one}, listed, extra)


def write_json(value: Any) -> str:
    """Write JSON, other numbers as they were written."""
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(str(key))}: {write_json(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(write_json(one) for one in value) + "]"
    return json.dumps(value, ensure_ascii=False)


@pytest.mark.parametrize("platform_id,route_id", ROUTES)
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_filter_agrees_with_reference(
    packaged: Catalogue, shop: Catalogue, platform_id: str, route_id: str, data: st.DataObject
) -> None:
    """Compiled filter and reference refuse the same documents and keep the same members of the others."""
    route = (shop if platform_id == "shop" else packaged).platforms[platform_id].routes[route_id]
    answer = route.answer
    assert answer.root is not None
    scopes = sorted(route.field_scopes | route.opened_by)
    opened = data.draw(st.sets(st.sampled_from(scopes)), label="open scopes")
    people = st.sets(st.sampled_from(["1", "2", "@b:l"]))
    basis = data.draw(st.fixed_dictionaries(dict.fromkeys([*scopes, ANY], people)), label="with basis")
    name = platform_id, route_id
    ROOTS[name] = answer.root
    document = data.draw(strategy(name, odd=data.draw(st.sampled_from([True, False, False]))), label="document")
    if answer.envelope is not None and isinstance(document, dict) and data.draw(st.booleans()):
        document["error"] = 0
    body = write_json(document).encode()
    try:
        expected = reference(answer, document, opened, basis)
    except RefusedByReference:
        with pytest.raises(AnswerMalformed):
            answer.filter(body, opened)
        return
    assert read(answer.open(body, opened).render(basis).body) == expected
