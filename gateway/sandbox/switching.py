"""Faults that a test turns on in any stand-in (`POST /<platform>/_sandbox/switches`), and how long they last."""

from typing import Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

Garbage = Literal["not_json", "truncated", "not_utf8", "duplicate_keys", "deep", "huge"]


class Faults(BaseModel):
    """What may go wrong on the way; a POST replaces all switches, so that `{}` is a faithful platform again.

    Args:
        paths: the platform's own paths that faults touch (None: all); quirks and refusals are not bound.
        times: how many calls a fault still touches before it ends (None: until the next POST); quirks and
            refusals, such as `tokens_dead`, are not bound.
        slow_seconds: wait before anything is done.
        server_error: HTTP 500 with a page, nothing done.
        reset: cut the connection `before` anything is done, `after` (the reply is lost), or `midway` in the body.
        redirect: answer 302 to this address.
        garbage: replace the body.
        content_type: claim this media type.
        coding: compress the body and say so; `gzip-lie` says so only.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    paths: tuple[str, ...] | None = None
    times: int | None = Field(default=None, ge=1)
    slow_seconds: float = Field(default=0, ge=0, le=120)
    server_error: bool = False
    reset: Literal["before", "after", "midway"] | None = None
    redirect: str | None = None
    garbage: Garbage | None = None
    content_type: str | None = None
    coding: Literal["gzip", "deflate", "gzip-lie"] | None = None


NO_FAULT = Faults()
S = TypeVar("S", bound=Faults)


class SwitchBoard(Generic[S]):
    """The switches in force.

    Args:
        faithful: the platform's switches with nothing turned on.
    """

    def __init__(self, faithful: S) -> None:
        self.current = faithful
        self._left: int | None = None

    def set(self, switches: S) -> None:
        """Replace them all."""
        self.current, self._left = switches, switches.times

    def take_faults(self, path: str) -> Faults:
        """The switches whose faults a call to this path suffers; counts it where `times` was given."""
        if self.current.paths is not None and path not in self.current.paths:
            return NO_FAULT
        if self._left is None:
            return self.current
        if self._left == 0:
            return NO_FAULT
        self._left -= 1
        return self.current
