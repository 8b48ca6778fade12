"""Paths of a platform that never open here, each with the reason, so that a developer does not look for a mistake."""

from collections.abc import Iterable
from dataclasses import dataclass

from scopes.matching import is_ambiguous
from scopes.routes import Parameter, Route, Template


@dataclass(frozen=True, slots=True)
class Denied:
    """A path that is not opened on purpose, whatever the method.

    Args:
        template: the path; a parameter stands for any one segment.
        reason: in English, for developers.
    """

    template: Template
    reason: str

    def is_at(self, segments: list[str]) -> bool:
        """Whether decoded segments are this path."""
        own = self.template.segments
        return len(own) == len(segments) and all(
            (segment if isinstance(one, Parameter) else one == segment)
            for one, segment in zip(own, segments, strict=True)
        )


def find_denied(denied: Iterable[Denied], segments: list[str]) -> Denied | None:
    """Find the denied path that decoded segments are."""
    return next((one for one in denied if one.is_at(segments)), None)


def find_opened(denied: Denied, routes: Iterable[Route]) -> Route | None:
    """Find a route that a denied path would shut, or that would open it."""
    for route in routes:
        for template in route.templates:
            if is_ambiguous(denied.template, template) or denied.template.segments == template.segments:
                return route
    return None
