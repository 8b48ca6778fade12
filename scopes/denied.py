"""Paths of a platform that never open here, each with the reason, so that a developer does not look for a mistake."""

from collections.abc import Iterable
from dataclasses import dataclass

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
        if any(_is_opened(denied.template, template) for template in route.templates):
            return route
    return None


def _is_opened(denied: Template, opened: Template) -> bool:
    """Whether a call could be at both paths, and the opened one, which is asked first, is not the more exact."""
    if len(denied.segments) != len(opened.segments):
        return False
    pairs = list(zip(denied.segments, opened.segments, strict=True))
    if any(isinstance(shut, str) and isinstance(one, str) and shut != one for shut, one in pairs):
        return False
    is_more_exact = any(isinstance(one, str) and not isinstance(shut, str) for shut, one in pairs)
    return not is_more_exact or any(isinstance(shut, str) and not isinstance(one, str) for shut, one in pairs)
