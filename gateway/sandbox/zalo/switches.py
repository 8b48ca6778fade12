"""Quirks and refusals of Zalo that a test turns on through `POST /zalo/_sandbox/switches`, beside the faults."""

from typing import Literal

from pydantic import Field, field_validator

from gateway.sandbox.switching import Faults
from gateway.sandbox.zalo.errors import OA_MESSAGES


class Switches(Faults):
    """One setting of all switches.

    Args:
        tokens_dead: every access token answers -216, a person's 452.
        app_removed: calls answer -219 (`/me` 452), token calls -14002.
        permission_lost: calls answer -223.
        refuse: calls, to `paths` alone where these are named, answer this error code of the table.
        phone: how `shared_info.phone` is written; None is as seeded (a number).
        oa_id_field: the docs say `oaid`, measured answers say `oa_id`.
        unknown_tag: whether taking away a tag that the OA does not have succeeds or is -201; no source says.
        full_address: how `custominfo` writes an address; the docs show it on the way in only.
        notes: how `user/detail` writes a note of the staff; captured answers had none, and no source says.
        erases_tags: whether `deletefollowerinfo` takes a follower's tags too; no source says.
        form_query: how `form/get` takes its keys: plain as its docs show, in `data` as the official SDK sends.
        cs_reply: whether the replies left to a follower count down, or stay fixed, as is told since 2026.
        social_refuse: `/me` answers this code of the Social API's table.
        social_proof_error: what `/me` says to a wrong or missing proof; no source says.
        social_marks: whether `/me` says `is_sensitive` of everybody, as captured answers do; the docs name it nowhere.
        social_pairs: whether a person's next consent ends the tokens of the one before; no source says.
        hook_prefix: whether the signature of webhooks bears `mac=`; one source had not seen it.
        hook_first_term: what that signature begins with; some community code takes the OA's id.
        hook_retry_seconds: waits between tries of one webhook; shorter ones, so that nobody waits an hour.
        rate_limit_per_minute: calls of the app in one minute.
    """

    tokens_dead: bool = False
    app_removed: bool = False
    permission_lost: bool = False
    refuse: int | None = Field(default=None, json_schema_extra={"enum": [*sorted(OA_MESSAGES), None]})
    phone: Literal["number", "string", "absent"] | None = None
    oa_id_field: Literal["oa_id", "oaid"] = "oa_id"
    unknown_tag: Literal["success", "refused"] = "success"
    full_address: Literal["text", "object"] = "object"
    notes: Literal["text", "object"] = "text"
    erases_tags: bool = True
    form_query: Literal["both", "plain", "data"] = "both"
    cs_reply: Literal["counts", "fixed"] = "counts"
    social_refuse: Literal[110, 112, 210, 452, 12000, 12012] | None = None
    social_proof_error: Literal[-242, 452] = -242
    social_marks: bool = True
    social_pairs: Literal["each", "one"] = "each"
    hook_prefix: bool = True
    hook_first_term: Literal["app_id", "oa_id"] = "app_id"
    hook_retry_seconds: tuple[float, ...] = (30, 300, 900, 1800, 3600)
    rate_limit_per_minute: int = Field(default=4000, ge=1)

    @field_validator("refuse")
    @classmethod
    def check_refuse(cls, code: int | None) -> int | None:
        """Only codes that the platform has."""
        if code is not None and code not in OA_MESSAGES:
            raise ValueError(f"{code} is not in the platform's table")
        return code
