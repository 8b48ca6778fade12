"""Whether what a file calls left out is so: nothing of it may be open, and each place that it names is there."""

from collections.abc import Iterator, Sequence

from scopes.events import Event
from scopes.routes import Route
from scopes.shapes import Shaping
from scopes.trees import MARK, Branch, Leaf, Node, list_children, walk_leaves


def check_left_out(shaping: Shaping, traced: Sequence[Route | Event]) -> None:
    """Note what is left out and yet passes for somebody, and what is left out of nothing that there is."""
    known = {one.id for one in traced}
    told = {name for one in traced if isinstance(one, Event) for name in one.names}
    opened = {one.id: {*_open_members(one.answer.root)} for one in traced if one.answer.root is not None}
    for index, entry in enumerate(shaping.written.left_out):
        for each in sorted({*entry.of} - known):
            shaping.add(("left_out", index, "of"), f"no such route or event: {each}")
        for each in sorted(told.intersection(entry.events)):
            shaping.add(("left_out", index, "events"), f"left out, and yet told: {each}")
        for traced_id, names in opened.items():
            for each in sorted(one for one in names if entry.has_member(one, traced_id)):
                shaping.add(("left_out", index, "members"), f"left out, and yet open in {traced_id}: {each}")


def _open_members(node: Node) -> Iterator[str]:
    """Yield the name of each member of which anything passes; what only marks a minor passes for nobody."""
    if isinstance(node, Branch):
        yield from (name for name, one in node.fields.items() if any(leaf.scope != MARK for leaf in walk_leaves(one)))
    if not isinstance(node, Leaf):
        for one in list_children(node):
            yield from _open_members(one)
