"""Field filters, compiled once for each set of open scopes: parsed answer in, allowed part out, in one pass.

A filter copies what is listed and open; it never deletes from a copy of everything. Each declared place is held to its
declared form (an object where a scalar is declared is refused, not passed). What is dropped is only measured for depth.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from types import NoneType

from scopes.refusals import AnswerMalformed
from scopes.strict_json import MAX_DEPTH, check_depth
from scopes.sweeps import Ids, Sweep
from scopes.trees import ABSENT, Branch, Cases, Either, Keyed, Leaf, Node, Rows, list_children, walk_leaves

NOT_HELD = object()
OTHER_FORM = "a member has another form than declared"


Step = Callable[[object, Sweep, Ids | None], object]


@dataclass(frozen=True, slots=True)
class Constant:
    """A withheld place whose `masked_as` stands there whatever the platform said, so it shows nothing (I10)."""

    value: object


@dataclass(frozen=True, slots=True)
class Around:
    """What a place is inside of.

    Args:
        is_open: whether a scope (or `any`) is open.
        depth: containers from the root down to the place's own, itself counted.
        counts: whether a list here is one of the outermost, whose rows are counted.
    """

    is_open: Callable[[str], bool]
    depth: int = 1
    counts: bool = True

    def inside(self, *, counts: bool = True) -> "Around":
        """Return the same for a place one container further in."""
        return Around(self.is_open, self.depth + 1, self.counts and counts)


def compile_node(node: Node, around: Around) -> Step | Constant | None:
    """Compile a declared place.

    Returns:
        A step that turns the parsed value into its allowed part; a constant or None where nothing in it is open.
    """
    match node:
        case Leaf():
            if around.is_open(node.scope):
                return _compile_leaf(node)
            return None if node.masked_as is ABSENT else Constant(node.masked_as)
        case Branch():
            return _compile_branch(node, around)
        case Rows():
            return _compile_rows(compile_node(node.items, around.inside(counts=False)), counts=around.counts)
        case Keyed():
            inner = compile_node(node.values, around.inside(counts=False))
            return _compile_keyed(inner, by_subject=node.by_subject, counts=around.counts)
        case Either():
            return _compile_either(node, around)
        case Cases():
            raise ValueError("cases stand directly inside an object")


def _compile_leaf(leaf: Leaf) -> Step:
    types = leaf.types | {NoneType}

    def step(value: object, _sweep: Sweep, _ids: Ids | None) -> object:
        if type(value) not in types:
            raise AnswerMalformed(OTHER_FORM)
        return value

    return step


def _compile_rows(item: Step | Constant | None, *, counts: bool) -> Step | None:
    if item is None or isinstance(item, Constant):
        return None

    def step(value: object, sweep: Sweep, ids: Ids | None) -> object:
        if type(value) is not list:
            return _pass_null(value)
        if counts:
            sweep.count += len(value)
        return [item(one, sweep, ids) for one in value]

    return step


def _compile_keyed(inner: Step | Constant | None, *, by_subject: bool, counts: bool) -> Step | None:
    if inner is None or isinstance(inner, Constant):
        return None

    def step(value: object, sweep: Sweep, ids: Ids | None) -> object:
        if type(value) is not dict:
            return _pass_null(value)
        if counts:
            sweep.count += len(value)
        if not by_subject:
            return {key: inner(one, sweep, ids) for key, one in value.items()}
        sweep.subjects.update(dict.fromkeys(value))
        return {key: inner(one, sweep, [key]) for key, one in value.items()}

    return step


def _compile_either(node: Either, around: Around) -> Step | None:
    """Compile each form; one of which nothing is open leaves an empty one, or null, in its place."""
    forms: dict[type, Step] = {}
    for one in node.forms:
        inner = compile_node(one, around)
        if inner is not None and callable(inner):
            forms |= dict.fromkeys(_list_types(one), inner)
    known = frozenset(one for form in node.forms for one in _list_types(form))
    levels = MAX_DEPTH - around.depth + 1
    if not forms:
        return None

    def step(value: object, sweep: Sweep, ids: Ids | None) -> object:
        if around.counts and type(value) is dict:
            sweep.count += 1
        inner = forms.get(type(value))
        if inner is not None:
            return inner(value, sweep, ids)
        if type(value) not in known:
            return _pass_null(value)
        check_depth(value, levels)
        return type(value)() if type(value) is dict or type(value) is list else None

    return step


def _list_types(form: Node) -> frozenset[type]:
    if isinstance(form, Leaf):
        return form.types
    return frozenset({list if isinstance(form, Rows) else dict})


@dataclass(slots=True)
class _Parts:
    """The members of an object, sorted by what has to be done with them."""

    leaves: dict[str, frozenset[type]] = field(default_factory=dict)
    steps: dict[str, Step] = field(default_factory=dict)
    cases: dict[str, tuple[str, dict[str, Step]]] = field(default_factory=dict)
    constants: dict[str, object] = field(default_factory=dict)
    on_subject: dict[str, object] = field(default_factory=dict)
    subject_names: tuple[str, ...] = ()

    @property
    def is_closed(self) -> bool:
        return not (self.leaves or self.steps or self.cases)


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


def _sort_members(branch: Branch, around: Around) -> _Parts:
    parts = _Parts(
        subject_names=tuple(name for name, one in branch.fields.items() if isinstance(one, Leaf) and one.names_subject)
    )
    for name, node in branch.fields.items():
        if isinstance(node, Leaf) and around.is_open(node.scope):
            parts.leaves[name] = node.types | {NoneType}
        elif isinstance(node, Cases):
            inner_place = around.inside(counts=False)
            compiled = {case: compile_node(one, inner_place) for case, one in node.cases.items()}
            open_cases = {case: one for case, one in compiled.items() if one is not None and callable(one)}
            if open_cases:
                parts.cases[name] = (node.by, open_cases)
        else:
            inner = compile_node(node, around.inside())
            if isinstance(inner, Constant):
                parts.constants[name] = inner.value
            elif inner is not None:
                parts.steps[name] = inner
        if name in parts.leaves or name in parts.steps or name in parts.cases:
            mask = _find_mask(node, around)
            if mask is not NOT_HELD:
                parts.on_subject[name] = mask
    return parts


def _compile_branch(branch: Branch, around: Around) -> Step | Constant | None:
    parts = _sort_members(branch, around)
    if parts.is_closed:
        return Constant(parts.constants) if parts.constants else None
    return _build_step(parts, MAX_DEPTH - around.depth)


def _build_step(parts: _Parts, levels: int) -> Step:
    subject_names = parts.subject_names
    listed: dict[str, frozenset[type] | Step] = {**parts.leaves, **parts.steps}
    find = listed.get
    has_more = bool(parts.cases or parts.constants or parts.on_subject)

    def step(value: object, sweep: Sweep, ids: Ids | None) -> object:
        if type(value) is not dict:
            return _pass_null(value)
        if subject_names:
            ids = _read_ids(value, subject_names, sweep)
        kept: dict[str, object] = {}
        for name, one in value.items():
            rule = find(name)
            if rule is None:
                if type(one) is dict or type(one) is list:
                    check_depth(one, levels)
            elif isinstance(rule, frozenset):
                if type(one) not in rule:
                    raise AnswerMalformed(OTHER_FORM)
                kept[name] = one
            else:
                kept[name] = rule(one, sweep, ids)
        if has_more:
            _finish(parts, value, kept, sweep=sweep, ids=ids)
        return kept

    return step


def _pass_null(value: object) -> object:
    """Let null stand where an object or a list is declared; refuse anything else."""
    if value is not None:
        raise AnswerMalformed(OTHER_FORM)
    return value


def _finish(
    parts: _Parts, value: Mapping[str, object], kept: dict[str, object], *, sweep: Sweep, ids: Ids | None
) -> None:
    """Add what a sibling decides and what always stands there; note what rests on a person."""
    for name, (by, cases) in parts.cases.items():
        if name in value:
            kind = value.get(by)
            step = cases.get(kind) if isinstance(kind, str) else None
            kept[name] = {} if step is None else step(value[name], sweep, ids)
    kept.update(parts.constants)
    if parts.on_subject:
        sweep.holds.append((ids or [], kept, parts.on_subject))


def _read_ids(value: Mapping[str, object], names: Collection[str], sweep: Sweep) -> Ids:
    """List the people whom an object names; empty where one of the declared ids cannot be read."""
    ids = []
    for name in names:
        one = value.get(name)
        if type(one) is str or type(one) is int:
            ids.append(str(one))
            sweep.subjects[ids[-1]] = None
    return ids if len(ids) == len(names) else []
