"""The wire form of a notice: a CloudEvents 1.0 body, and the headers of Standard Webhooks that sign it.

The body is written once, in the act's own transaction; the headers at each try, with its own time.
"""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from standardwebhooks import Webhook

from gateway.records.outbox.keys import OpenKey
from gateway.records.outbox.types import Copy, Event, Notice, NoticeState
from gateway.terms.ids import AppId
from gateway.terms.instants import write_instant

CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"
LIMIT_BYTES = 20_000


@dataclass(frozen=True, slots=True)
class Pin:
    """The grant log as it stood with the change: what a receiver keeps, so that a second history would show.

    `note` is the signed checkpoint (C2SP), or None while the log may not sign.
    """

    size: int
    root: bytes
    note: str | None


@dataclass(frozen=True, slots=True)
class Letter:
    """What a notice says, in the app's own words: never a person, never data of one.

    `facts` stand in `data` beside the pin; `source` is the issuer.
    """

    id: str
    event: Event
    source: str
    at: datetime
    subject: str
    facts: Mapping[str, Any]


def make_notice(letter: Letter, pin: Pin | None, *, app_id: AppId, is_live: bool) -> Notice:
    """Make a letter into a notice that waits; where there is no live endpoint, into one that is over."""
    return Notice(
        id=letter.id,
        app_id=app_id,
        grant_id=letter.facts.get("grant_id"),
        version=letter.facts.get("version", 0),
        event=letter.event,
        body=write_body(letter, pin),
        state=NoticeState.WAITING if is_live else NoticeState.GONE,
        tries=0,
        next_try_at=letter.at,
        leased_until=None,
        outcome="",
        created_at=letter.at,
        settled_at=None if is_live else letter.at,
    )


def write_body(letter: Letter, pin: Pin | None) -> bytes:
    """Write the body. Should all asks together not fit into 20 KB, they are left out: the version says to look anew."""
    body = _written(letter, letter.facts, pin)
    if len(body) <= LIMIT_BYTES:
        return body
    return _written(letter, {name: fact for name, fact in letter.facts.items() if name != "asks"}, pin)


def write_event(copy: Copy, *, source: str, account: str, body: bytes) -> bytes:
    """Write the body of a copy of an event: the platform's words, filtered, as they stand."""
    event = orjson.Fragment(body)
    data = {"grant_id": copy.grant_id, "account": account, "event": event}
    at = write_instant(copy.created_at)
    return orjson.dumps(_cloud_event(copy.event, copy.id, source=source, at=at, subject=copy.grant_id) | {"data": data})


def sign_headers(notice_id: str, body: bytes, keys: Sequence[OpenKey], *, now: datetime) -> dict[str, str]:
    """Return the headers of one try: every live key signs, by HMAC (`v1`) and Ed25519 (`v1a`), the newest key first."""
    seconds = int(now.timestamp())
    signed_bytes = b"%s.%d.%s" % (notice_id.encode(), seconds, body)
    at = datetime.fromtimestamp(seconds, UTC)
    by_secret = [Webhook(key.secret).sign(notice_id, at, body.decode()) for key in keys]
    by_seed = [Ed25519PrivateKey.from_private_bytes(key.seed).sign(signed_bytes) for key in keys]
    return {
        "Content-Type": CONTENT_TYPE,
        "webhook-id": notice_id,
        "webhook-timestamp": str(seconds),
        "webhook-signature": " ".join([*by_secret, *(f"v1a,{b64encode(each).decode()}" for each in by_seed)]),
    }


def _written(letter: Letter, facts: Mapping[str, Any], pin: Pin | None) -> bytes:
    checkpoint = None if pin is None else {"size": pin.size, "root": pin.root.hex(), "note": pin.note}
    at = write_instant(letter.at)
    written = _cloud_event(letter.event.value, letter.id, source=letter.source, at=at, subject=letter.subject)
    return orjson.dumps(written | {"data": {**facts, "checkpoint": checkpoint}})


def _cloud_event(event_type: str, event_id: str, *, source: str, at: str, subject: str) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "type": event_type,
        "source": source,
        "id": event_id,
        "time": at,
        "subject": subject,
        "datacontenttype": "application/json",
    }
