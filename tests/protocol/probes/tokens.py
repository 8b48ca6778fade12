"""Codes, refresh tokens and PKCE at the token endpoint (OAuth 2.1, sections 3.2 and 4; RFC 7636, 8707)."""

from tests.protocol.probes.parts import (
    CODE,
    GRANT,
    KEPT,
    MACHINE,
    POST_ALONE,
    REFRESH,
    REQUEST,
    token,
    without,
)
from tests.protocol.probing import Differs, Wanted

PUBLIC_CODE = {**CODE, "code": "{code_public}", "client_id": "{public}"}
NO_VERIFIER = Differs(GRANT, "20: a missing required parameter is invalid_request (RFC 6749, 5.2)")
TOKENS = (
    token("14", "GET", POST_ALONE, {}, method="GET"),
    token("14", "JSON", REQUEST, {}, raw='{"grant_type": "client_credentials"}', media="application/json"),
    token("14", "multipart without a boundary", REQUEST, {}, raw="--x", media="multipart/form-data"),
    token("10", "an unknown parameter", Wanted(200), {**CODE, "foo": "bar"}),
    token("11", "a parameter twice", REQUEST, {}, raw="grant_type=client_credentials&grant_type=client_credentials"),
    token("12", "an empty code", REQUEST, {**CODE, "code": ""}),
    token("62", "no grant type", REQUEST, without(CODE, "grant_type")),
    token("62", "an unknown grant type", Wanted(400, "unsupported_grant_type"), {"grant_type": "magic"}),
    token(
        "46",
        "the password grant",
        Wanted(400, "unsupported_grant_type"),
        {"grant_type": "password", "username": "a", "password": "b"},
    ),
    token("46", "the implicit grant", Wanted(400, "unsupported_grant_type"), {"grant_type": "implicit"}),
    token(
        "18",
        "letters beyond ASCII in what is refused",
        Wanted(400, "unsupported_grant_type"),
        {"grant_type": 'é"\\\r\n'},
    ),
    token("24", "an unknown code", GRANT, {**CODE, "code": "nothing"}),
    token("24", "a code twice", GRANT, CODE, times=2),
    token("26", "a code of another client", GRANT, {**CODE, "code": "{code_public}"}),
    token("27", "another redirect_uri", GRANT, {**CODE, "redirect_uri": "https://other.example/cb"}),
    token("72", "a wrong verifier", GRANT, {**CODE, "code_verifier": "x" * 43}),
    token("71", "a verifier of 42", REQUEST, {**CODE, "code_verifier": "x" * 42}),
    token("71", "a verifier of 129", REQUEST, {**CODE, "code_verifier": "x" * 129}),
    token("71", "a verifier with a space", REQUEST, {**CODE, "code_verifier": "x" * 42 + " "}),
    token("20", "no verifier", REQUEST, without(CODE, "code_verifier"), oracle=NO_VERIFIER),
    token("16", "a public client's code", Wanted(200, headers=KEPT), PUBLIC_CODE, headers={}),
    token("29", "a refresh token", Wanted(200, headers=KEPT), REFRESH),
    token("29", "a refresh token of another client", GRANT, {**REFRESH, "refresh_token": "{refresh_public_bound}"}),
    token(
        "30",
        "a public client's refresh token twice",
        GRANT,
        {**REFRESH, "refresh_token": "{refresh_public}", "client_id": "{public}"},
        headers={},
        times=2,
    ),
    token("29", "an unknown refresh token", GRANT, {**REFRESH, "refresh_token": "nothing"}),
    token("61", "a wider refresh", Wanted(400, "invalid_scope"), {**REFRESH, "scope": "more"}),
    token("118", "a resource with a fragment", Wanted(400, "invalid_target"), {**CODE, "resource": "{resource}#x"}),
    token("118", "a relative resource", Wanted(400, "invalid_target"), {**CODE, "resource": "/x"}),
    token("121", "an unknown resource", Wanted(400, "invalid_target"), {**CODE, "resource": "https://other.example/"}),
    token("119", "the resource that was granted", Wanted(200), {**CODE, "resource": "{resource}"}),
    token("59", "client_credentials", Wanted(200, headers=KEPT), MACHINE),
)
