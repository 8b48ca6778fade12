"""Faults and quirks that a test turns on through `POST /zalo/_sandbox/switches`."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from gateway.sandbox.zalo.errors import OA_MESSAGES

Garbage = Literal["not_json", "truncated", "not_utf8", "duplicate_keys", "deep", "huge"]


class Switches(BaseModel):
    """One setting of all switches; a POST replaces the whole, so that `{}` is a faithful Zalo again.

    Args:
        paths: the platform's own paths that faults touch (None: all); quirks and refusals are not bound.
        times: how many calls a fault still touches before it ends (None: until the next POST).
        slow_seconds: wait before anything is done.
        server_error: HTTP 500 with a page, nothing done.
        reset: cut the connection `before` anything is done, `after` (the reply is lost), or `midway` in the body.
        redirect: answer 302 to this address.
        garbage: replace the body.
        content_type: claim this media type.
        coding: compress the body and say so; `gzip-lie` says so only.
        tokens_dead: every access token answers -216, a person's 452.
        app_removed: calls answer -219 (`/me` 452), token calls -14002.
        permission_lost: calls answer -223.
        refuse: calls answer this error code of the table.
        phone: how `shared_info.phone` is written; None is as seeded (a number).
        oa_id_field: the docs say `oaid`, measured answers say `oa_id`.
        unknown_tag: whether taking away a tag that the OA does not have succeeds or is -201; no source says.
        full_address: how `custominfo` writes an address; the docs show it on the way in only.
        erases_tags: whether `deletefollowerinfo` takes a follower's tags too; no source says.
        form_query: how `form/get` takes its keys: plain as its docs show, in `data` as the official SDK sends.
        cs_reply: whether the replies left to a follower count down, or stay fixed, as is told since 2026.
        social_refuse: `/me` answers this code of the Social API's table.
        social_proof_error: what `/me` says to a wrong or missing proof; no source says.
        rate_limit_per_minute: calls of the app in one minute.
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
    tokens_dead: bool = False
    app_removed: bool = False
    permission_lost: bool = False
    refuse: int | None = None
    phone: Literal["number", "string", "absent"] | None = None
    oa_id_field: Literal["oa_id", "oaid"] = "oa_id"
    unknown_tag: Literal["success", "refused"] = "success"
    full_address: Literal["text", "object"] = "object"
    erases_tags: bool = True
    form_query: Literal["both", "plain", "data"] = "both"
    cs_reply: Literal["counts", "fixed"] = "counts"
    social_refuse: Literal[112, 210, 452] | None = None
    social_proof_error: Literal[-242, 452] = -242
    rate_limit_per_minute: int = Field(default=4000, ge=1)

    @field_validator("refuse")
    @classmethod
    def check_refuse(cls, code: int | None) -> int | None:
        """Only codes that the platform has."""
        if code is not None and code not in OA_MESSAGES:
            raise ValueError(f"{code} is not in the platform's table")
        return code


NO_FAULT = Switches()


class SwitchBoard:
    """The switches in force."""

    def __init__(self) -> None:
        self.current = NO_FAULT
        self._left: int | None = None

    def set(self, switches: Switches) -> None:
        """Replace them all."""
        self.current, self._left = switches, switches.times

    def take_faults(self, path: str) -> Switches:
        """The switches whose faults a call to this path suffers; counts it where `times` was given."""
        if self.current.paths is not None and path not in self.current.paths:
            return NO_FAULT
        if self._left is None:
            return self.current
        if self._left == 0:
            return NO_FAULT
        self._left -= 1
        return self.current
