"""The device flow (RFC 8628)."""

from tests.protocol.probes.parts import (
    BASIC,
    CLIENT,
    GRANT,
    KEPT,
    NOBODY,
    POST_ALONE,
    REQUEST,
    ignored,
    without,
)
from tests.protocol.probing import Differs, Probe, Wanted

DEVICE = {"grant_type": "urn:ietf:params:oauth:grant-type:device_code", "client_id": "{public}"}
PATIENT = Differs(Wanted(400, "authorization_pending"), "145: it does not know slow_down (RFC 8628, 3.5)")
BROKEN = Differs(Wanted(500), "14: it serves POST alone, but fails over GET instead of refusing it")
DEVICES = (
    Probe(
        "144",
        "a right request",
        "device_authorization",
        Wanted(200, headers=KEPT),
        {"client_id": "{public}", "scope": "{scope}"},
    ),
    Probe("144", "GET", "device_authorization", POST_ALONE, method="GET", oracle=BROKEN),
    Probe("144", "nobody at all", "device_authorization", CLIENT, {"scope": "{scope}"}, oracle=NOBODY),
    Probe("144", "an unknown client", "device_authorization", CLIENT, {"client_id": "nobody"}),
    Probe(
        "144",
        "an unknown scope",
        "device_authorization",
        Wanted(400, "invalid_scope"),
        {"client_id": "{public}", "scope": "nothing"},
        oracle=ignored(200),
    ),
    Probe("11", "a parameter twice", "device_authorization", REQUEST, raw="client_id={public}&scope=a&scope=b"),
    Probe("145", "pending", "token", Wanted(400, "authorization_pending"), {**DEVICE, "device_code": "{device}"}),
    Probe(
        "145",
        "polled twice at once",
        "token",
        Wanted(400, "slow_down"),
        {**DEVICE, "device_code": "{device}"},
        times=2,
        oracle=PATIENT,
    ),
    Probe("146", "an unknown device code", "token", GRANT, {**DEVICE, "device_code": "nothing"}),
    Probe(
        "146",
        "a device code of another client",
        "token",
        GRANT,
        {**without(DEVICE, "client_id"), "device_code": "{device}"},
        BASIC,
    ),
    Probe("62", "no device code", "token", REQUEST, DEVICE),
)
