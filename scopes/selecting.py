"""Whom a call picks out by what: to find or sort people by something tells as much as reading it (ADR 0031).

No answer can be masked against that: which rows there are is the telling. So what picks people out names the scope that
shows it, and where that scope is about people it passes only while nobody's word is needed for it.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping

from scopes.answers import Answer
from scopes.queries import KeyRule
from scopes.shapes import Shaping
from scopes.source import Place
from scopes.trees import ANY, MARK, Branch, Leaf, Node, list_children
from scopes.written import RouteEntry

Names = Mapping[str, frozenset[str]]


def list_picking(shaping: Shaping, entry: RouteEntry) -> dict[str, frozenset[str]]:
    """Return, for each key and parameter that picks people out, the scopes about people that it does so by."""
    about_people = {one.id for one in shaping.written.scopes if one.whose == "subject"}
    rules = {**entry.params, **entry.query.keys}
    found = {name: about_people & {rule.scope or ""} for name, rule in rules.items()}
    for name, rule in entry.query.keys.items():
        if rule.picks_people:
            found[name] = about_people.intersection(entry.opened_by)
    return {name: frozenset(scopes) for name, scopes in found.items() if scopes}


def check_picking(shaping: Shaping, entry: RouteEntry, answer: Answer, *, place: Place) -> None:
    """Note what is called like a member that a scope opens, or sorts by one, and does not name that scope."""
    shown = _names_of(answer)
    in_path = [((*place, "params", name), name, rule) for name, rule in entry.params.items()]
    in_query = [((*place, "query", "keys", name), name, rule) for name, rule in entry.query.keys.items()]
    for at, name, rule in [*in_path, *in_query]:
        open_values = rule.tells_nothing if isinstance(rule, KeyRule) else ()
        picked = [name, *(str(one) for one in rule.one_of or () if one not in open_values)]
        for one in picked:
            scopes = shown.get(one.lower(), frozenset())
            if scopes and rule.scope not in scopes and not _is_open_anyway(shaping, entry, scopes):
                shaping.add(at, f"picks by {one}, which {' or '.join(sorted(scopes))} opens, and does not name that")
        for one in open_values:
            if one not in (rule.one_of or ()) or one.lower() in shown:
                shaping.add(at, f"{one} is none of its values, or tells what a scope opens")


def _is_open_anyway(shaping: Shaping, entry: RouteEntry, scopes: frozenset[str]) -> bool:
    """Say whether whoever may call it at all sees what it picks by, and it is the account's."""
    about_people = {one.id for one in shaping.written.scopes if one.whose == "subject"}
    opening = frozenset(entry.opened_by)
    return opening <= scopes and not opening & about_people


def _names_of(answer: Answer) -> Names:
    """Return the scopes of each member's name, in lower case; none of a name that passes for whoever may call."""
    found: dict[str, set[str]] = defaultdict(set)
    for name, leaf in () if answer.root is None else _walk(answer.root, ""):
        found[name.lower()].add(ANY if leaf.names_subject else leaf.scope)
    return {name: frozenset(scopes) for name, scopes in found.items() if not scopes & {ANY, MARK}}


def _walk(node: Node, name: str) -> Iterator[tuple[str, Leaf]]:
    if isinstance(node, Leaf):
        yield name, node
    elif isinstance(node, Branch):
        for inner, one in node.fields.items():
            yield from _walk(one, inner)
    else:
        for one in list_children(node):
            yield from _walk(one, name)
