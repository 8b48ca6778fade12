"""What a file says of resources that permissions may be narrowed to, checked: nothing that names one goes unnamed."""

from scopes.answers import Answer
from scopes.formats import FORMATS
from scopes.routes import Route
from scopes.rules import ValueRule
from scopes.shapes import Shaping
from scopes.source import Place
from scopes.written import RouteEntry


def check_resource(shaping: Shaping, rule: ValueRule, place: Place) -> None:
    """Note a value that names a resource of no known kind, or that has the form of one and does not say so."""
    kinds = shaping.written.resources
    kind = kinds.get(rule.resource or "")
    if rule.resource is not None and kind is None:
        shaping.add(place, f"no such kind of resource: {rule.resource}")
    if kind is not None and (rule.type != "string" or rule.format != kind.format):
        shaping.add(place, f"the id of a {rule.resource} is a string of format {kind.format}")
    for name, other in kinds.items():
        if rule.format == other.format and rule.resource != name:
            shaping.add(place, f"a value of format {other.format} names a {name}, and does not say so")


def check_kinds(shaping: Shaping, routes: list[Route]) -> None:
    """Note a kind without a form or without use, and a scope that would open nothing any more, were it narrowed."""
    written = shaping.written
    for name, kind in written.resources.items():
        if kind.format not in FORMATS:
            shaping.add(("resources", name, "format"), f"no such format: {kind.format}")
        if all(scope.narrowed_by != name for scope in written.scopes):
            shaping.add(("resources", name), "no scope is narrowed by it")
    for at, scope in enumerate(written.scopes):
        if scope.narrowed_by is None:
            continue
        if scope.narrowed_by not in written.resources:
            shaping.add(("scopes", at, "narrowed_by"), f"no such kind of resource: {scope.narrowed_by}")
        elif not any(_names(route, scope.id) for route in routes):
            shaping.add(("scopes", at, "narrowed_by"), "no route that it opens names such a resource")


def narrowed_by(shaping: Shaping, entry: RouteEntry, answer: Answer) -> dict[str, str]:
    """Return the scopes that a route or its parts name and that may be narrowed, each with the kind; see `Route`."""
    if entry.crosses_resources:
        return {}
    named = {*entry.opened_by, *answer.field_scopes, *(rule.scope for rule in entry.query.keys.values())}
    return {one.id: one.narrowed_by for one in shaping.written.scopes if one.id in named and one.narrowed_by}


def _names(route: Route, scope_id: str) -> bool:
    kind = route.narrowed_by.get(scope_id)
    return kind is not None and scope_id in route.opened_by and kind in route.resource_kinds
