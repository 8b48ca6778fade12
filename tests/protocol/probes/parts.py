"""What the rows of all tables are made of: right requests to change, answers, and the token endpoint."""

from tests.protocol.probing import Differs, Probe, Wanted

REQUEST, CLIENT, GRANT = Wanted(400, "invalid_request"), Wanted(401, "invalid_client"), Wanted(400, "invalid_grant")
POST_ALONE = Wanted((404, 405), None)
PROOF = Wanted(400, "invalid_dpop_proof")
CHALLENGED = Wanted(401, "invalid_client", {"WWW-Authenticate": "basic"})
KEPT = {"Cache-Control": "no-store"}
BASIC = {"Authorization": "{basic}"}
CODE = {
    "grant_type": "authorization_code",
    "code": "{code}",
    "redirect_uri": "{redirect_uri}",
    "code_verifier": "{verifier}",
}
REFRESH = {"grant_type": "refresh_token", "refresh_token": "{refresh}"}
MACHINE = {"grant_type": "client_credentials"}
ASKED = {
    "response_type": "code",
    "client_id": "{client_id}",
    "redirect_uri": "{redirect_uri}",
    "scope": "{scope}",
    "code_challenge": "{challenge}",
    "code_challenge_method": "S256",
}
NOBODY = Differs(REQUEST, "15: a request without authentication is invalid_client (RFC 6749, 5.2)")


def ignored(status: int) -> Differs:
    """Return that the other leaves an unknown scope out."""
    return Differs(Wanted(status), "98: a scope may be ignored or refused (RFC 6749, 3.3); what is asked is to be said")


def without(fields: dict[str, str], *names: str) -> dict[str, str]:
    """Return the fields but these."""
    return {name: value for name, value in fields.items() if name not in names}


def token(requirement: str, name: str, wanted: Wanted, fields: dict[str, str], **more: object) -> Probe:
    """Return a probe of the token endpoint as the confidential client."""
    return Probe(requirement, name, "token", wanted, fields, **{"headers": BASIC, **more})  # type: ignore[arg-type]
