"""An authorization request, waiting for a person."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from gateway.terms.ids import AppId, AskId, GrantId, PersonId, RequestId

REQUEST_LASTS = timedelta(minutes=30)
PUSHED_LASTS = timedelta(seconds=90)


class RequestKind(StrEnum):
    """Who opened the request: an app at the authorize endpoint, or the person from Quản lý quyền."""

    AUTHORIZE = "authorize"
    RECONSIDER = "reconsider"


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """What is asked, checked already: the redirect URI is registered, the asks are the app's, the challenge is S256.

    A request of kind `reconsider` has no redirect URI; its decision returns to the page of `grant_id`.
    `person_id` is who opened the screen first; nobody else can see it after. `shown_at` is when they saw it last.
    `pushed_until` is how long its request_uri leads to the screen; None: it was not pushed (RFC 9126).
    """

    id: RequestId
    kind: RequestKind
    app_id: AppId
    ask_ids: tuple[AskId, ...]
    redirect_uri: str | None
    state: str | None
    code_challenge: str | None
    grant_id: GrantId | None
    person_id: PersonId | None
    shown_at: datetime | None
    created_at: datetime
    expires_at: datetime
    decided_at: datetime | None
    pushed_until: datetime | None
