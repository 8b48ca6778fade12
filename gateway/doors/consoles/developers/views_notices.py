"""What the page of an app's notices shows: where they go, the keys that sign them, and what became of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Literal

EndpointState = Literal["none", "live", "gone"]


@dataclass(frozen=True, slots=True)
class NoticeLine:
    """One notice in the delivery log.

    Args:
        id: its `webhook-id`.
        event: its CloudEvents type.
        grant_id: what it is about; "" for a test.
        version: the grant's; None: it is a platform's event, which cannot be sent again.
        state: `waiting`, `queued`, `delivered`, `superseded`, `given_up`, `gone`, `void`.
        outcome: the last answer's status, or why there was none, in words; "" before the first try.
        next_try_at: while it waits.
    """

    id: str
    event: str
    grant_id: str
    version: int | None
    state: str
    tries: int
    outcome: str
    created_at: datetime
    next_try_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class NoticeKeyLine:
    """One signing key that signs now: its public half, and the last signs of its secret."""

    last4: str
    public_key: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class NoticesView:
    """`GET /developers/{client_id}/notices`.

    Args:
        url: where notices go, or what was typed and refused.
        raw_secret: a key that was just made, shown this once; "".
        event_key: what signs events in the platform's own form, derived from that key; "" but for apps of a dialect.
        is_bad_url: what was typed cannot be an endpoint.
        is_local: this gateway runs on loopback, and so may the endpoint be there, without TLS.
        older, newest: links to other pages of the log, or "".
        is_cleared: the address and its keys were taken away a moment ago.
    """

    TEMPLATE: ClassVar[str] = "developers/notices.html"
    client_id: str
    name: str
    state: EndpointState
    url: str
    keys: Sequence[NoticeKeyLine]
    lines: Sequence[NoticeLine]
    raw_secret: str = ""
    event_key: str = ""
    is_bad_url: bool = False
    is_local: bool = False
    older: str = ""
    newest: str = ""
    is_cleared: bool = False


@dataclass(frozen=True, slots=True)
class ConfirmNoticesView:
    """`GET /developers/{client_id}/notices?action=`, and a POST without `confirm`: asked before something is destroyed.

    Args:
        url: where notices go.
        action: `clear` or `rotate`.
        keys: those that sign now, newest first.
        newest: the newest of them, so that what is confirmed is about the keys that were shown.
    """

    TEMPLATE: ClassVar[str] = "developers/confirm_notices.html"
    client_id: str
    name: str
    url: str
    action: str
    keys: Sequence[NoticeKeyLine]
    newest: str
