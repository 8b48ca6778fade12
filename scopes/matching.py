"""From a method and decoded segments to a route: one dictionary step for each segment, literals before parameters.

The walk never turns back, so its cost is the path's length. A parameter therefore never takes a value that stands as a
literal in the same place. Templates that one path could match without either being the more exact are refused.
"""

from collections.abc import Iterable, Iterator
from itertools import combinations

from scopes.routes import Match, Parameter, Route, Template, check_params


class _Step:
    __slots__ = ("by_method", "literals", "parameter")

    def __init__(self) -> None:
        self.literals: dict[str, _Step] = {}
        self.parameter: _Step | None = None
        self.by_method: dict[str, tuple[Route, Template]] = {}


class Matcher:
    """The routes of one platform as a tree of segments."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._root = _Step()
        for route in routes:
            for template in route.templates:
                self._add(route, template)

    def find(self, method: str, segments: list[str]) -> Match | None:
        """Find the route of a method and a decoded path.

        Raises:
            TargetRefused: `bad_target` when a parameter breaks its rule.
        """
        step: _Step | None = self._root
        for segment in segments:
            step = step.literals.get(segment, step.parameter) if step is not None else None
        found = None if step is None else step.by_method.get(method)
        if found is None:
            return None
        route, template = found
        return Match(route, template, check_params(template, segments))

    def _add(self, route: Route, template: Template) -> None:
        step = self._root
        for segment in template.segments:
            if isinstance(segment, Parameter):
                step.parameter = step.parameter or _Step()
                step = step.parameter
            else:
                step = step.literals.setdefault(segment, _Step())
        step.by_method[route.method] = (route, template)


def list_overlaps(routes: Iterable[Route]) -> Iterator[tuple[Route, Route]]:
    """Yield the pairs of routes that one path and method could mean both, neither being the more exact."""
    listed = [(route, template) for route in routes for template in route.templates]
    for (one, first), (other, second) in combinations(listed, 2):
        if one.method == other.method and is_ambiguous(first, second):
            yield one, other


def is_ambiguous(first: Template, second: Template) -> bool:
    """Whether one path could match both without either being the more exact."""
    if len(first.segments) != len(second.segments):
        return False
    more_exact = set()
    for one, other in zip(first.segments, second.segments, strict=True):
        if isinstance(one, str) and isinstance(other, str):
            if one != other:
                return False
        elif isinstance(one, str) or isinstance(other, str):
            more_exact.add(isinstance(one, str))
    return len(more_exact) != 1
