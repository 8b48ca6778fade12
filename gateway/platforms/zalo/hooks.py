"""Zalo's webhooks: `X-ZEvent-Signature` is a plain SHA-256 over app id, body, timestamp and the OA Secret Key.

What the sources leave open is a setting (the first term) or taken both ways (the prefix `mac=`).

A Mini App's own events bear the same header and are signed in another way (`revocations.py`).
"""

import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Literal

from gateway.platforms import Distrust, Heard, Native
from gateway.platforms.zalo.login import login_issuer
from gateway.platforms.zalo.revocations import MiniApp, is_of_mini_app
from scopes.strict_json import NotStrict, encode, parse

FirstTerm = Literal["app_id", "oa_id"]
OLDEST = timedelta(hours=3)
"""Zalo tells again for 1 h 51 min; what is older was told by someone else."""
NEWEST = timedelta(minutes=5)
MOST_DIGITS = 14  # of milliseconds; those with more lie beyond the calendar
_SENT = ("user_send_", "oa_send_", "anonymous_send_")
_ZNS = "zns:"
_TEMPLATES = frozenset({"delivery_time", "tracking_id"})
"""Members of a message that only a template has."""


class ZaloHooks:
    """Satisfies `gateway.platforms.Hooks` for one upstream app.

    Args:
        app_id: the upstream app's id.
        first_term: what the signature begins with; most sources say the app's id, some code an OA's.
        mini_app: the Mini App whose people's sign-in is the app's; None: nothing of one is believed.
    """

    platform = "zalo"
    is_silent = False
    is_asked = False

    def __init__(self, app_id: str, first_term: FirstTerm = "app_id", mini_app: MiniApp | None = None) -> None:
        self._app_id = app_id
        self._first_term = first_term
        self._mini_app = mini_app

    def as_app(self, app_id: str) -> "ZaloHooks":
        """Return the hooks of another app, whose id the signature begins with."""
        return ZaloHooks(app_id, self._first_term)

    def read(self, headers: Mapping[str, str], body: bytes, key: str, *, now: datetime) -> list[Heard]:
        """Read one event: who signed it is judged first, by what any reader finds in it, then its form."""
        found = _glance(body)
        if self._mini_app is not None and is_of_mini_app(found):
            return self._read_revocation(self._mini_app, headers.get("x-zevent-signature", ""), body, now=now)
        timestamp = str(found.get("timestamp"))
        self._check_signature(headers.get("x-zevent-signature", ""), body, timestamp, key=key, told=found)
        _check_time(timestamp, now)
        told = _parse(body)
        name = told.get("event_name")
        if not isinstance(name, str):
            raise Distrust("malformed")
        known_as = f"{_ZNS}{name}" if _is_template(headers, told) else name
        return [Heard(known_as, body, told, _name_of(name, told, body))]

    def _read_revocation(self, mini_app: MiniApp, raw_signature: str, body: bytes, *, now: datetime) -> list[Heard]:
        revocation = mini_app.read(raw_signature, body)
        if revocation is None:
            return []
        _check_time(revocation.timestamp, now)
        return [revocation.as_heard(body, login_issuer(self._app_id))]

    def sign(self, body: bytes, names: tuple[str, ...], *, app_id: str, key: str) -> Native:
        """Write it as Zalo would: the app's own id in it, which is also the first term of its signature."""
        named = b'{"app_id":' + encode(app_id)
        written = named + (b"," + body[1:] if body != b"{}" else b"}")
        mac = sign(app_id, written, str(_member(parse(body), "timestamp")), key=key)
        headers = {"Content-Type": "application/json", "X-ZEvent-Signature": f"mac={mac}"}
        is_zns = any(name.startswith(_ZNS) for name in names)
        return Native(written, {**headers, "X-ZEvent-Server": "ZNS"} if is_zns else headers)

    def _check_signature(
        self, raw_signature: str, body: bytes, timestamp: str, *, key: str, told: Mapping[str, object]
    ) -> None:
        given = raw_signature.removeprefix("mac=").lower().encode("utf-8", "replace")
        terms = [self._app_id] if self._first_term == "app_id" else _list_oa_ids(told)
        matches = [hmac.compare_digest(given, sign(term, body, timestamp, key=key).encode()) for term in terms]
        if not any(matches):
            raise Distrust("forged")


def sign(first_term: str, body: bytes, timestamp: str, *, key: str) -> str:
    """Return the signature of a body in hexadecimal."""
    return sha256(b"%s%s%s%s" % (first_term.encode(), body, timestamp.encode(), key.encode())).hexdigest()


def _glance(body: bytes) -> Mapping[str, object]:
    """Find what the signature is computed over, also in a body that is no strict JSON; nothing passes of this."""
    try:
        found = json.loads(body.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _is_template(headers: Mapping[str, str], told: Mapping[str, object]) -> bool:
    """Tell the receipt of a template, whose recipient is a phone number: by its body, or an unsigned header."""
    message = told.get("message")
    is_marked = isinstance(message, dict) and not _TEMPLATES.isdisjoint(message)
    return is_marked or headers.get("x-zevent-server", "").upper() == "ZNS"


def _parse(body: bytes) -> dict[str, object]:
    try:
        told = parse(body)
    except NotStrict as error:
        raise Distrust("malformed") from error
    if not isinstance(told, dict):
        raise Distrust("malformed")
    return told


def _check_time(timestamp: str, now: datetime) -> None:
    if not timestamp.isascii() or not timestamp.isdecimal() or len(timestamp) > MOST_DIGITS:
        raise Distrust("malformed")
    at = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=int(timestamp))
    if not now - OLDEST <= at <= now + NEWEST:
        raise Distrust("stale")


def _list_oa_ids(told: Mapping[str, object]) -> list[str]:
    parties = [told.get("oa_id"), *(_member(told.get(side), "id") for side in ("recipient", "sender"))]
    return [one for one in parties if isinstance(one, str)]


def _name_of(name: str, told: Mapping[str, object], body: bytes) -> bytes:
    """Name a telling: a message that was sent by its id, since it is sent once; anything else by all that is said."""
    msg_id = _member(told.get("message"), "msg_id")
    if name.startswith(_SENT) and isinstance(msg_id, str):
        return f"{name} {msg_id}".encode()
    return sha256(body).digest()


def _member(value: object, name: str) -> object:
    return value.get(name) if isinstance(value, dict) else None
