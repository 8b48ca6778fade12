"""Leave to call: `call/requestconsent` (facts A3). Whoever is asked answers on their phone, not here."""

import re

from gateway.sandbox.zalo.errors import field_error
from gateway.sandbox.zalo.visit import Visit

CALL_TYPES = ("audio", "video", "audio_and_video")
REASONS = ("101", "103", "105", "106", "107")
_PHONE = re.compile(r"(\+?84|0)[0-9]{8,10}")


def request_consent(visit: Visit) -> None:
    """Answer `/v2.0/oa/call/requestconsent`."""
    if _PHONE.fullmatch(str(visit.params.get("phone"))) is None:
        raise field_error("phone")
    if visit.params.get("call_type") not in CALL_TYPES:
        raise field_error("call_type")
    if str(visit.params.get("reason_code")) not in REASONS:
        raise field_error("reason_code")
    visit.teller.tell_call_asked(visit.oa, str(visit.params["phone"]))
