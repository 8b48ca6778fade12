"""What a stand-in says, held against the catalogue: each member is opened by a scope, or left out with a reason."""

from collections.abc import Iterator
from typing import Any

from scopes import Event, Platform, Route
from scopes.trees import Branch, Cases, Either, Keyed, Leaf, Node, Rows


def list_unaccounted(platform: Platform, traced: Route | Event, body: Any) -> list[str]:
    """List the places in a body of which the catalogue says nothing, each once."""
    found = [] if traced.answer.root is None else _walk(traced.answer.root, body, "")
    return [place for place in dict.fromkeys(found) if not _is_left_out(platform, traced, place)]


def _is_left_out(platform: Platform, traced: Route | Event, place: str) -> bool:
    name = place.replace("[]", "").rpartition(".")[2]
    return any(one.has_member(name, traced.id) for one in platform.left_out)


def _walk(node: Node, value: Any, place: str) -> Iterator[str]:
    """Yield the places that the tree does not have; null stands anywhere."""
    if value is None:
        return
    if isinstance(node, Either):
        node = next((one for one in node.forms if isinstance(value, _form_of(one))), node)
    if isinstance(node, Branch) and isinstance(value, dict):
        for name, inner in value.items():
            at = f"{place}.{name}" if place else name
            yield from _walk(node.fields[name], inner, at) if name in node.fields else [at]
    elif isinstance(node, Rows) and isinstance(value, list):
        for inner in value:
            yield from _walk(node.items, inner, f"{place}[]")
    elif isinstance(node, Keyed) and isinstance(value, dict):
        for inner in value.values():
            yield from _walk(node.values, inner, f"{place}.*")
    elif not isinstance(node, Leaf) or isinstance(value, dict | list):
        yield place


def _form_of(node: Node) -> tuple[type, ...]:
    """Return the types of a parsed value that a place of one form may have."""
    if isinstance(node, Branch | Keyed | Cases):
        return (dict,)
    return (list,) if isinstance(node, Rows) else (str, int, float, bool)
