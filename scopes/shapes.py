"""Named shapes put in place, `scope` and `whose` handed down to every leaf; what cannot be is a problem, no guess."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from scopes.bodies import BodyNode
from scopes.problems import Problem
from scopes.source import Place, Source
from scopes.trees import (
    ABSENT,
    ANY,
    LEAF_TYPES,
    MARK,
    Branch,
    Cases,
    Either,
    Keyed,
    Leaf,
    Mask,
    Node,
    Rows,
    list_children,
    walk_leaves,
)
from scopes.written import AnswerNode, PlatformFile

NOTHING = Leaf(ANY, frozenset())


@dataclass(frozen=True, slots=True)
class Handed:
    """What a place takes over from the places around it."""

    scope: str | None = None
    whose: str | None = None
    has_subject: bool = False
    opened_by: tuple[str, ...] = ()
    inside: tuple[str, ...] = ()


@dataclass(slots=True)
class Shaping:
    """One file's shapes, and the problems met while putting them in place."""

    source: Source
    written: PlatformFile
    problems: list[Problem] = field(default_factory=list)
    used: set[str] = field(default_factory=set)

    def add(self, place: Place, message: str) -> None:
        """Note a problem."""
        self.problems.append(self.source.problem(place, message))

    def shape_answer(self, node: AnswerNode, place: Place, handed: Handed) -> Node:
        """Turn a written place of an answer into a node of the tree."""
        handed = replace(handed, scope=node.scope or handed.scope, whose=node.whose or handed.whose)
        if node.use is not None:
            return self._use_answer_shape(node.use, (*place, "use"), handed)
        if node.fields is not None:
            return self.shape_branch(node.fields, (*place, "fields"), handed)
        if node.items is not None:
            items = self._shape_inner(node.items, (*place, "items"), handed)
            return Rows(items, self._find_holding(items, place, handed) if node.leaves_out else frozenset())
        if node.values is not None:
            inner = replace(handed, has_subject=handed.has_subject or node.keys_are_subjects)
            return Keyed(self._shape_inner(node.values, (*place, "values"), inner), node.keys_are_subjects)
        return self._shape_open(node, place, handed)

    def _find_holding(self, items: Node, place: Place, handed: Handed) -> frozenset[str]:
        """Return the scopes of which one must pass the person whom an item names, or the item is left out."""
        about_people = {one.id for one in self.written.scopes if one.whose == "subject"}
        if not handed.opened_by or not about_people.issuperset(handed.opened_by):
            self.add(place, "leaves out who has no basis, yet is opened by what needs none")
        if not isinstance(items, Branch) or not any(
            getattr(one, "names_subject", False) for one in list_children(items)
        ):
            self.add(place, "leaves out items that do not name whom they are about")
        return frozenset(handed.opened_by)

    def _shape_inner(self, node: AnswerNode, place: Place, handed: Handed) -> Node:
        """Shape what does not stand directly inside an object: no sibling can decide it, no person is named by it."""
        inner = self.shape_answer(node, place, handed)
        if isinstance(inner, Cases):
            self.add(place, "cases stand directly inside an object")
        if isinstance(inner, Leaf) and inner.names_subject:
            self.add(place, "a subject stands directly inside an object")
        return inner

    def _shape_open(self, node: AnswerNode, place: Place, handed: Handed) -> Node:
        """Shape what the platform's own words decide, or a scalar."""
        if node.cases is not None:
            cases = {case: self._shape_inner(one, (*place, "cases", case), handed) for case, one in node.cases.items()}
            return Cases(node.by or "", cases)
        if node.either is not None:
            return self._shape_either(node.either, (*place, "either"), handed)
        return self._shape_leaf(node, place, handed)

    def _shape_either(self, forms: tuple[AnswerNode, ...], place: Place, handed: Handed) -> Node:
        shaped = [self._shape_inner(one, (*place, at), handed) for at, one in enumerate(forms)]
        has_scalar = any(isinstance(one, Leaf) for one in shaped)
        if has_scalar and len({leaf.scope for one in shaped for leaf in walk_leaves(one)}) > 1:
            self.add(place, "beside a scalar, every form has the one scope of all: a closed scalar has no empty form")
        return Either(tuple(one for one in shaped if isinstance(one, Branch | Keyed | Rows | Leaf)))

    def _use_answer_shape(self, name: str, place: Place, handed: Handed) -> Node:
        shape = self._find_shape(("answer_shapes", name), place, handed.inside)
        if shape is None:
            return NOTHING
        inner = replace(handed, inside=(*handed.inside, name))
        return self.shape_answer(self.written.answer_shapes[name], shape, inner)

    def shape_branch(self, fields: Mapping[str, AnswerNode], place: Place, handed: Handed) -> Branch:
        """Turn the written members of an object into a branch."""
        if any(one.subject for one in fields.values()):
            handed = replace(handed, has_subject=True)
        for name, one in fields.items():
            by = None if one.by is None else fields.get(one.by)
            if one.by is not None and (by is None or by.type is None):
                self.add((*place, name, "by"), f"no scalar beside it is called {one.by}")
        return Branch({name: self.shape_answer(one, (*place, name), handed) for name, one in fields.items()})

    def shape_body(self, node: BodyNode, place: Place, inside: tuple[str, ...] = ()) -> BodyNode:
        """Return a body place with every named shape put where it is used, and its scope handed down to all in it."""
        if node.use is not None:
            found = self._find_shape(("body_shapes", node.use), (*place, "use"), inside)
            if found is None:
                return node
            written = self.written.body_shapes[node.use]
            if node.scope and written.scope not in {None, node.scope}:
                self.add((*place, "use"), f"a shape for {written.scope}, used for {node.scope}, which would be lost")
            named = _with_scope(written, node.scope)
            used = self.shape_body(named, found, (*inside, node.use))
            return used.model_copy(update={"required": node.required})

        def shape(one: BodyNode, *at: str | int) -> BodyNode:
            return self.shape_body(_with_scope(one, node.scope), (*place, *at), inside)

        shaped: dict[str, object] = {}
        if node.fields is not None:
            shaped["fields"] = {name: shape(one, "fields", name) for name, one in node.fields.items()}
        if node.items is not None:
            shaped["items"] = shape(node.items, "items")
        if node.values is not None:
            shaped["values"] = shape(node.values, "values")
        if node.any_of is not None:
            shaped["any_of"] = tuple(shape(one, "any_of", at) for at, one in enumerate(node.any_of))
        return node.model_copy(update=shaped)

    def check_scope(self, scope: str | None, place: Place) -> None:
        """Note a scope that the file does not describe."""
        if scope is not None and scope not in {one.id for one in self.written.scopes}:
            self.add(place, f"no such scope: {scope}")

    def _shape_leaf(self, node: AnswerNode, place: Place, handed: Handed) -> Leaf:
        if node.marks_minor:
            if not handed.has_subject:
                self.add(place, "marks a minor, but nothing around it names the subject")
            return Leaf(MARK, LEAF_TYPES["boolean"], marks_minor=True)
        if handed.scope is None:
            self.add(place, "a field without a scope (write `any` for whatever opened the route)")
        if handed.scope != ANY:
            self.check_scope(handed.scope, place)
        whose = handed.whose or {one.id: one.whose for one in self.written.scopes}.get(handed.scope or "")
        on_subject = whose == "subject" and not node.subject
        if on_subject and not handed.has_subject:
            self.add(place, "rests on the subject's own basis, but nothing around it names the subject")
        names = (node.type or "").split("|")
        mask: Mask = node.masked_as if "masked_as" in node.model_fields_set else ABSENT
        return Leaf(
            scope=handed.scope or ANY,
            types=frozenset().union(*(LEAF_TYPES[name] for name in names)),
            masked_as=mask,
            names_subject=node.subject,
            on_subject=on_subject,
        )

    def _find_shape(self, shape: tuple[str, str], place: Place, inside: tuple[str, ...]) -> Place | None:
        kind, name = shape
        if name not in getattr(self.written, kind):
            self.add(place, f"no such shape: {name}")
        elif name in inside:
            self.add(place, f"shape {name} holds itself")
        else:
            self.used.add(f"{kind}.{name}")
            return shape
        return None


def _with_scope(node: BodyNode, scope: str | None) -> BodyNode:
    return node if scope is None or node.scope is not None else node.model_copy(update={"scope": scope})
