"""What a platform has and no app gets, each with the reason, so that a developer does not look for a mistake."""

from typing import Self

from pydantic import model_validator

from scopes.texts import Line, Written


class DeniedEntry(Written):
    """A path that is not opened on purpose, whatever the method; `{name}` stands for any one segment.

    `reason` is for developers, in English.
    """

    path: str
    reason: Line


class LeftOut(Written):
    """Members of answers and events, or whole events, that pass for nobody on purpose.

    Args:
        members: by their names, wherever they stand.
        of: the ids of the routes and events that it is about; empty: all.
        events: by the platform's own names.
        reason: in English, for developers.
    """

    members: tuple[str, ...] = ()
    of: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    reason: Line

    @model_validator(mode="after")
    def _is_one_thing(self) -> Self:
        if bool(self.members) == bool(self.events) or (self.of and self.events):
            raise ValueError("what is left out are members, of some routes and events or of all, or events")
        return self

    def has_member(self, name: str, traced_id: str) -> bool:
        """Whether a member of a route's answer, or of an event, is one of these."""
        return name in self.members and (not self.of or traced_id in self.of)
