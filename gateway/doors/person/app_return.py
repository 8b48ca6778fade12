"""The way back to the app: its redirect URI with the answer of RFC 6749 section 4.1.2 and the issuer of RFC 9207."""

from gateway.acts.decide import Decided
from gateway.ground.web.locations import add_to_query
from gateway.records.apps.dialects import DIALECTS
from gateway.records.requests.types import AuthorizationRequest


def return_url(decided: Decided, issuer: str, *, account: tuple[str, str] | None = None) -> str:
    """Return where a decided authorize request leads; the app's own query stays as it was registered.

    `account`: where the app speaks a platform's dialect, which, and the account's id there.
    """
    answer = {"code": decided.raw_code, "error": decided.error, "error_description": decided.error_description}
    if account is not None and decided.raw_code is not None:
        answer[DIALECTS[account[0]].account_name] = account[1]
    return _return(decided.request, answer, issuer)


def error_url(request: AuthorizationRequest, error: str, description: str, *, issuer: str) -> str:
    """Return where a request leads that ended without a decision."""
    return _return(request, {"error": error, "error_description": description}, issuer)


def _return(request: AuthorizationRequest, answer: dict[str, str | None], issuer: str) -> str:
    if request.redirect_uri is None:
        raise AssertionError("an authorize request has a redirect URI")
    return add_to_query(request.redirect_uri, {**answer, "state": request.state, "iss": issuer})
