"""Quirks and refusals of KiotViet that a test turns on through `POST /kiotviet/_sandbox/switches`, beside the faults.

Where no document says how the platform behaves there is a quirk; its default is what clients assume.
"""

from typing import Literal

from pydantic import Field

from gateway.sandbox.switching import Faults


class Switches(Faults):
    """One setting of all switches.

    Args:
        tokens_dead: every access token answers 401.
        keys_dead: the token endpoint refuses every key.
        orders_off: orders answer that the shop's setting for them is off, in the platform's own words.
        token_refusal: status of the token endpoint's no; undocumented.
        retailer_is_checked: whether a token is good for its own shop's name only; undocumented.
        retailer_refusal: status where the header `Retailer` is missing or another shop's; undocumented.
        validation_status: what a body that is wrong is answered; often 420 in the field.
        missing_status: what an id that is not there is answered; undocumented.
        limit_status: what a GET above the hour's limit is answered; clients assume 429.
        error_body: how errors are told; the form of 401 and 429 is undocumented.
        empty_page: whether a page without rows has `data`.
        over_page: what becomes of a `pageSize` above 100.
        hook_digest: of the HMAC over webhooks; older receivers expect SHA-1.
        hook_retry_seconds: waits between tries of one webhook; how many there are is documented nowhere.
        get_limit_per_hour: GETs of one shop in one hour.
    """

    tokens_dead: bool = False
    keys_dead: bool = False
    orders_off: bool = False
    token_refusal: Literal[400, 401] = 400
    retailer_is_checked: bool = True
    retailer_refusal: Literal[401, 403, 420] = 401
    validation_status: Literal[400, 420] = 420
    missing_status: Literal[400, 404, 420] = 404
    limit_status: Literal[420, 429] = 429
    error_body: Literal["status", "empty", "page"] = "status"
    empty_page: Literal["list", "absent"] = "list"
    over_page: Literal["clamp", "refuse"] = "clamp"
    hook_digest: Literal["sha256", "sha1"] = "sha256"
    hook_retry_seconds: tuple[float, ...] = (5, 30, 300)
    get_limit_per_hour: int = Field(default=5000, ge=1)
