"""What an app wants of the sign-in, and whether a session meets it (RFC 9470 section 5)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.records.requests.types import AuthorizationRequest, Prompt
from gateway.terms.refusal import Refusal

AGAIN = frozenset({Prompt.LOGIN, Prompt.SELECT_ACCOUNT})
"""The prompts that only a new sign-in answers: a browser holds one session, so choosing another is signing in."""


@dataclass(frozen=True, slots=True)
class SignIn:
    """How the one who decides is signed in: since when, and in which authentication context class, if it has one."""

    at: datetime
    acr: str | None


def check_sign_in(request: AuthorizationRequest, sign_in: SignIn | None, now: datetime) -> None:
    """Refuse a session that is not what the app wants.

    Whoever signed in after the request was made has done what can be done: of them nothing is asked twice, so nobody
    runs in a circle. A class that this sign-in did not reach is then unmet: the app would only be refused later.

    Raises:
        Refusal: `sign_in_again`: a new sign-in may meet it. `unmet_authentication_requirements`: it did not.
    """
    is_new = sign_in is not None and sign_in.at >= request.created_at
    if not is_new and (AGAIN & set(request.prompts) or _is_too_old(request, sign_in, now)):
        raise Refusal("sign_in_again")
    if request.acr_values and (sign_in is None or sign_in.acr not in request.acr_values):
        raise Refusal("unmet_authentication_requirements" if is_new else "sign_in_again")


def _is_too_old(request: AuthorizationRequest, sign_in: SignIn | None, now: datetime) -> bool:
    if request.max_age_seconds is None:
        return False
    return sign_in is None or now - sign_in.at > timedelta(seconds=request.max_age_seconds)
