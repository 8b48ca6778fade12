"""What an app wants of the sign-in, and whether a session meets it (RFC 9470 section 5)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.ground.identity.checks import SKEW_SECONDS
from gateway.records.requests.types import AuthorizationRequest, Prompt
from gateway.terms.refusal import Refusal

AGAIN = frozenset({Prompt.LOGIN, Prompt.SELECT_ACCOUNT})
"""The prompts that only a new sign-in answers: a browser holds one session, so choosing another is signing in."""


@dataclass(frozen=True, slots=True)
class SignIn:
    """How the one who decides is signed in: since when, and in which authentication context class, if it has one.

    `opened_at` is when the session began here, which may be long after a provider asked them; None: at once.
    """

    at: datetime
    acr: str | None
    opened_at: datetime | None = None


def find_oldest(request: AuthorizationRequest) -> int | None:
    """Find how many seconds old a sign-in may be, for a provider to be asked; 0: a new one; None: any will do.

    A class is asked for anew too: only of a new sign-in can it be said that the class could not be had.
    """
    return 0 if AGAIN & set(request.prompts) or request.acr_values else request.max_age_seconds


def check_sign_in(request: AuthorizationRequest, sign_in: SignIn | None, now: datetime) -> None:
    """Refuse a session that is not what the app wants.

    Whoever signed in after the request was made has done what can be done: of them nothing is asked twice, so nobody
    runs in a circle. A class that this sign-in did not reach is then unmet: the app would only be refused later.

    Raises:
        Refusal: `sign_in_again`: a new sign-in may meet it. `unmet_authentication_requirements`: it did not.
    """
    slack = _find_slack(request, sign_in)
    is_new = sign_in is not None and sign_in.at >= request.created_at - slack
    if not is_new and (AGAIN & set(request.prompts) or _is_too_old(request, sign_in, now - slack)):
        raise Refusal("sign_in_again")
    if request.acr_values and (sign_in is None or sign_in.acr not in request.acr_values):
        raise Refusal("unmet_authentication_requirements" if is_new else "sign_in_again")


def _is_too_old(request: AuthorizationRequest, sign_in: SignIn | None, now: datetime) -> bool:
    if request.max_age_seconds is None:
        return False
    return sign_in is None or now - sign_in.at > timedelta(seconds=request.max_age_seconds)


def _find_slack(request: AuthorizationRequest, sign_in: SignIn | None) -> timedelta:
    """Find by how much a provider's clock may differ: as much as its ID token was allowed, where it was asked since.

    `auth_time` has whole seconds and is read off another clock. Without this slack a provider that asked the person a
    moment ago, for this very request, seems to have asked before it, and the person runs in a circle.
    """
    is_since = sign_in is not None and sign_in.opened_at is not None and sign_in.opened_at >= request.created_at
    return timedelta(seconds=SKEW_SECONDS) if is_since else timedelta()
