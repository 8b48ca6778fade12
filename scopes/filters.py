"""Field filters, compiled once for each set of open scopes: an answer's bytes in, its allowed part out.

A filter reads what is listed and open, and builds nothing else. What it writes is read once more by a type that knows
the form of every scalar, so what has another form than declared refuses the whole answer. That the bytes are one JSON
value, the same to every reader, was checked before (`strict_json.check`).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any

import msgspec

from scopes.forms import Choice, Constant, Form, Ids, Members, Reader, Sweep, build_object, exact_type
from scopes.trees import ABSENT, Branch, Cases, Either, Keyed, Leaf, Node, Rows, list_children, walk_leaves

NOT_HELD = object()
_CLOSED = msgspec.defstruct("Closed", [])
CLOSED_OBJECT = Form(_CLOSED, _CLOSED)
CLOSED_LIST = Form(list[msgspec.Raw], list[msgspec.Raw], lambda value, _sweep, _ids: value.clear())


@dataclass(frozen=True, slots=True)
class Around:
    """What a place is inside of.

    Args:
        is_open: whether a scope (or `any`) is open.
        counts: whether a list here is one of the outermost, whose rows are counted.
    """

    is_open: Callable[[str], bool]
    counts: bool = True

    @property
    def row(self) -> "Around":
        """The same for a place inside a list."""
        return Around(self.is_open, counts=False)


def compile_root(root: Branch, is_open: Callable[[str], bool], *, read_too: tuple[str, ...] = ()) -> Form:
    """Compile a whole answer, which is an object; `read_too`: members that are read to be judged, open or not."""
    members = _sort_members(root, Around(is_open))
    members.hidden |= {*read_too} - members.open.keys() - members.constants.keys()
    return build_object(members)


def compile_node(node: Node, around: Around) -> Form | Constant | None:
    """Compile a declared place.

    Returns:
        How it is read; a constant or None where nothing in it is open.
    """
    match node:
        case Leaf():
            return _compile_leaf(node, around)
        case Branch():
            members = _sort_members(node, around)
            if members.open or members.choices:
                return build_object(members).or_null
            return Constant(members.constants) if members.constants else None
        case Rows():
            return _compile_rows(_compile_items(node, around.row), counts=around.counts, is_held=bool(node.held_by))
        case Keyed():
            return _compile_keyed(
                compile_node(node.values, around.row), by_subject=node.by_subject, counts=around.counts
            )
        case Either():
            return _compile_either(node, around)
        case Cases():
            raise ValueError("cases stand directly inside an object")


def _compile_leaf(leaf: Leaf, around: Around) -> Form | Constant | None:
    if around.is_open(leaf.scope):
        return Form(msgspec.Raw, exact_type(leaf))
    return None if leaf.masked_as is ABSENT else Constant(leaf.masked_as)


def _compile_items(node: Rows, around: Around) -> Form | Constant | None:
    if not node.held_by or not isinstance(node.items, Branch):
        return compile_node(node.items, around)
    members = _sort_members(node.items, around)
    members.held_by = tuple(sorted(scope for scope in node.held_by if around.is_open(scope)))
    return build_object(members).or_null if members.open or members.choices else None


def _compile_rows(item: Form | Constant | None, *, counts: bool, is_held: bool) -> Form | None:
    if item is None or isinstance(item, Constant):
        return None
    go_over = item.visit

    def visit(value: list[Any], sweep: Sweep, ids: Ids | None) -> None:
        if counts:
            sweep.count += len(value)
        if is_held:
            sweep.lists.append(value)
        if go_over is not None:
            for one in value:
                if one is not None:
                    go_over(one, sweep, ids)

    return Form(list[item.loose], list[item.exact], visit if counts or go_over else None).or_null  # type: ignore[name-defined]


def _compile_keyed(inner: Form | Constant | None, *, by_subject: bool, counts: bool) -> Form | None:
    if inner is None or isinstance(inner, Constant):
        return None
    go_over = inner.visit

    def visit(value: dict[str, Any], sweep: Sweep, ids: Ids | None) -> None:
        if counts:
            sweep.count += len(value)
        if by_subject:
            sweep.subjects.update(dict.fromkeys(value))
        if go_over is not None:
            for key, one in value.items():
                if one is not None:
                    go_over(one, sweep, [key] if by_subject else ids)

    is_seen = counts or by_subject or go_over is not None
    return Form(dict[str, inner.loose], dict[str, inner.exact], visit if is_seen else None).or_null  # type: ignore[name-defined]


def _compile_either(node: Either, around: Around) -> Form | None:
    """Compile each form; one of which nothing is open leaves an empty one: that there is one shows, and no more."""
    compiled = [compile_node(one, around) for one in node.forms]
    if not any(isinstance(form, Form) for form in compiled):
        return None
    forms = [_form_of(one, form) for one, form in zip(node.forms, compiled, strict=True)]
    in_list = next((form.visit for one, form in zip(node.forms, forms, strict=True) if isinstance(one, Rows)), None)
    in_object = next((form.visit for one, form in zip(node.forms, forms, strict=True) if not _is_flat(one)), None)

    def visit(value: Any, sweep: Sweep, ids: Ids | None) -> None:
        if isinstance(value, str | int | float):
            return
        go_over = in_list if isinstance(value, list) else in_object
        if around.counts and not isinstance(value, list):
            sweep.count += 1
        if go_over is not None:
            go_over(value, sweep, ids)

    return Form(_union(form.loose for form in forms), _union(form.exact for form in forms), visit).or_null


def _form_of(node: Node, form: Form | Constant | None) -> Form:
    """Return how one of several forms is read; a scalar as what it is, for its bytes alone fit every form."""
    if isinstance(form, Form):
        return Form(form.exact, form.exact) if isinstance(node, Leaf) else form
    return CLOSED_LIST if isinstance(node, Rows) else CLOSED_OBJECT


def _is_flat(node: Node) -> bool:
    return isinstance(node, Rows | Leaf)


def _union(kinds: Iterable[Any]) -> Any:
    return reduce(or_, kinds)


def _sort_members(branch: Branch, around: Around) -> Members:
    subjects = tuple(name for name, one in branch.fields.items() if isinstance(one, Leaf) and one.names_subject)
    minors = tuple(name for name, one in branch.fields.items() if isinstance(one, Leaf) and one.marks_minor)
    members = Members(subjects=subjects, minors=minors)
    for name, node in branch.fields.items():
        if isinstance(node, Cases):
            compiled = {case: compile_node(one, around.row) for case, one in node.cases.items()}
            readers = {case: Reader(form) for case, form in compiled.items() if isinstance(form, Form)}
            if readers:
                members.choices[name] = Choice(node.by, readers)
        else:
            form = compile_node(node, around)
            if isinstance(form, Constant):
                members.constants[name] = form.value
            elif form is not None:
                members.open[name] = form
        if name in members.open or name in members.choices:
            mask = _find_mask(node, around)
            if mask is not NOT_HELD:
                scopes = frozenset(leaf.scope for leaf in walk_leaves(node) if around.is_open(leaf.scope))
                members.masks[name] = mask, scopes
    needed = {*subjects, *members.minors, *(choice.by for choice in members.choices.values())}
    members.hidden = needed - members.open.keys() - members.constants.keys()
    return members


def _find_mask(node: Node, around: Around) -> object:
    """Return what stands for a member that rests, as a whole, on the person around it; `NOT_HELD` for any other.

    A member of which everything open is somebody's own is withheld whole: an empty object or a list of empty ones in
    its place would tell that there is something (I10).
    """
    leaves = list(walk_leaves(node))
    is_held = all(leaf.on_subject for leaf in leaves if around.is_open(leaf.scope))
    if not is_held or any(leaf.names_subject for leaf in leaves) or _names_subjects(node):
        return NOT_HELD
    if isinstance(node, Cases):
        return {}
    closed = compile_node(node, Around(lambda _scope: False))
    return closed.value if isinstance(closed, Constant) else ABSENT


def _names_subjects(node: Node) -> bool:
    return (isinstance(node, Keyed) and node.by_subject) or any(_names_subjects(one) for one in list_children(node))
