"""Authorization requests, pushed (RFC 9126) and by a browser (OAuth 2.1, section 4.1)."""

from tests.protocol.probes.parts import (
    ASKED,
    BASIC,
    CLIENT,
    KEPT,
    NOBODY,
    POST_ALONE,
    PROOF,
    REQUEST,
    ignored,
    without,
)
from tests.protocol.probing import Differs, Probe, Proof, Wanted

PUSHED = "pushed_authorization_request"
INSIDE = Differs(
    Wanted(400, "request_uri_not_supported"), "97: it is to be rejected; no word is demanded (RFC 9126, 2.1)"
)
KEYS_DIFFER = Differs(
    REQUEST, "116: it is to be rejected; no word is demanded, and it is the proof that is wrong (RFC 9449, 10.1)"
)
ANOTHERS = Differs(Wanted((302, 303), "invalid_request_object"), "100: as 102, whoever pushed it (RFC 9126, 4)")
KNOWN_CLIENT = Differs(
    Wanted((302, 303), "invalid_request_uri"),
    "102: of a request that is not known no redirect URI is known (RFC 9126, 4)",
)


def pushed(requirement: str, name: str, wanted: Wanted, fields: dict[str, str], **more: object) -> Probe:
    """Return a probe of PAR as the confidential client."""
    return Probe(requirement, name, PUSHED, wanted, fields, **{"headers": BASIC, **more})  # type: ignore[arg-type]


PUSHES = (
    pushed("99", "a right request", Wanted(201, headers=KEPT), ASKED),
    pushed("96", "GET", POST_ALONE, {}, method="GET"),
    pushed("96", "nobody at all", CLIENT, without(ASKED, "client_id"), headers={}, oracle=NOBODY),
    pushed("96", "nothing but its name", CLIENT, ASKED, headers={}),
    pushed(
        "97",
        "a request_uri inside",
        REQUEST,
        {**ASKED, "request_uri": "urn:ietf:params:oauth:request_uri:x"},
        oracle=INSIDE,
    ),
    pushed("98", "a redirect_uri that is not its own", REQUEST, {**ASKED, "redirect_uri": "https://other.example/"}),
    pushed("98", "an unknown scope", Wanted(400, "invalid_scope"), {**ASKED, "scope": "nothing"}, oracle=ignored(201)),
    pushed("98", "no challenge", REQUEST, without(ASKED, "code_challenge", "code_challenge_method")),
    pushed("20", "a plain challenge", REQUEST, {**ASKED, "code_challenge_method": "plain"}),
    pushed("73", "a challenge without its method", REQUEST, without(ASKED, "code_challenge_method")),
    pushed("98", "a challenge of another form", REQUEST, {**ASKED, "code_challenge": "short"}),
    pushed("98", "no response_type", REQUEST, without(ASKED, "response_type")),
    pushed("98", "response_type=token", Wanted(400, "unsupported_response_type"), {**ASKED, "response_type": "token"}),
    pushed(
        "121", "an unknown resource", Wanted(400, "invalid_target"), {**ASKED, "resource": "https://other.example/"}
    ),
    pushed("11", "a parameter twice", REQUEST, {}, raw="client_id={client_id}&response_type=code&scope=a&scope=b"),
    pushed("14", "JSON", REQUEST, {}, raw='{"response_type": "code"}', media="application/json"),
    pushed("118", "a resource with a fragment", Wanted(400, "invalid_target"), {**ASKED, "resource": "{resource}#x"}),
    pushed("98", "another client in the body", REQUEST, {**ASKED, "client_id": "{public}"}),
    pushed(
        "116",
        "the proven and the named key differ",
        PROOF,
        {**ASKED, "dpop_jkt": "A" * 43},
        proof=Proof(),
        oracle=KEYS_DIFFER,
    ),
    pushed(
        "116", "the proven and the named key agree", Wanted(201), {**ASKED, "dpop_jkt": "{thumbprint}"}, proof=Proof()
    ),
)
PAGE = Wanted(400, absent=("Location",))
BACK = (302, 303)


def authorize(requirement: str, name: str, wanted: Wanted, fields: dict[str, str], **more: object) -> Probe:
    """Return a probe of the authorize endpoint, by a browser."""
    return Probe(requirement, name, "authorization", wanted, query=fields, method="GET", **more)  # type: ignore[arg-type]


AUTHORIZE = (
    authorize("10", "an unknown parameter", Wanted(BACK), {**ASKED, "foo": "bar"}),
    authorize("2", "a redirect_uri that is not its own", PAGE, {**ASKED, "redirect_uri": "https://other.example/"}),
    authorize("6", "an unknown client", PAGE, {**ASKED, "client_id": "nobody"}),
    authorize("6", "no client", PAGE, without(ASKED, "client_id")),
    authorize("19", "no response_type", Wanted(BACK, "invalid_request"), without(ASKED, "response_type")),
    authorize(
        "46", "response_type=token", Wanted(BACK, "unsupported_response_type"), {**ASKED, "response_type": "token"}
    ),
    authorize(
        "20", "no challenge", Wanted(BACK, "invalid_request"), without(ASKED, "code_challenge", "code_challenge_method")
    ),
    authorize("20", "a plain challenge", Wanted(BACK, "invalid_request"), {**ASKED, "code_challenge_method": "plain"}),
    authorize(
        "73", "a challenge without its method", Wanted(BACK, "invalid_request"), without(ASKED, "code_challenge_method")
    ),
    authorize("12", "an empty challenge", Wanted(BACK, "invalid_request"), {**ASKED, "code_challenge": ""}),
    authorize(
        "121", "an unknown resource", Wanted(BACK, "invalid_target"), {**ASKED, "resource": "https://other.example/"}
    ),
    authorize("100", "a pushed request", Wanted(BACK), {"client_id": "{client_id}", "request_uri": "{pushed}"}),
    authorize(
        "100",
        "a pushed request of another client",
        PAGE,
        {"client_id": "{public}", "request_uri": "{pushed}"},
        oracle=ANOTHERS,
    ),
    authorize(
        "102",
        "a request_uri that nobody pushed",
        PAGE,
        {"client_id": "{client_id}", "request_uri": "urn:ietf:params:oauth:request_uri:x"},
        oracle=KNOWN_CLIENT,
    ),
)
