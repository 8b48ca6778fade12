"""KiotViet's webhooks: `X-Hub-Signature` is an HMAC of the raw body under the secret given at registration.

No source says how the header is written or which form of the secret is the key: both are settings.
"""

import hmac
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Literal

from gateway.platforms import Distrust, Heard, Native
from scopes.strict_json import NotStrict, encode, parse

Digest = Literal["sha256", "sha1"]
KeyForm = Literal["text", "decoded"]


class KiotVietHooks:
    """Satisfies `gateway.platforms.Hooks`.

    Args:
        digest: of the HMAC; older receivers expect SHA-1.
        key_form: whether the key is the secret's Base64 text, or the bytes that it stands for.
    """

    platform = "kiotviet"
    is_silent = True
    is_asked = True

    def __init__(self, digest: Digest = "sha256", key_form: KeyForm = "text") -> None:
        self._digest = digest
        self._key_form = key_form

    def as_app(self, app_id: str) -> "KiotVietHooks":  # noqa: ARG002 - the port's
        """Refuse: no command brings one."""
        raise AssertionError("KiotViet knows no upstream apps")

    def read(self, headers: Mapping[str, str], body: bytes, key: str, *, now: datetime) -> list[Heard]:  # noqa: ARG002 - the body carries no time
        """Read each notification as an event of its own; hexadecimal or Base64, prefixed or not, is one MAC."""
        mac = self._mac(body, key)
        given = headers.get("x-hub-signature", "").removeprefix(f"{self._digest}=").encode("utf-8", "replace")
        spelled = [mac.hex().encode(), b64encode(mac)]
        if not any([hmac.compare_digest(given, each) for each in (*spelled, mac.hex().upper().encode())]):  # noqa: C419 - all, always
            raise Distrust("forged")
        try:
            told = parse(body)
        except NotStrict as error:
            raise Distrust("malformed") from error
        return list(_list_heard(told))

    def sign(self, body: bytes, names: tuple[str, ...], *, app_id: str, key: str) -> Native:  # noqa: ARG002 - the body names no app
        """Sign it as KiotViet would; the body stays as it is."""
        return Native(body, {"Content-Type": "application/json", "X-Hub-Signature": self._mac(body, key).hex()})

    def _mac(self, body: bytes, key: str) -> bytes:
        secret = key.encode() if self._key_form == "text" else b64decode(key)
        return hmac.digest(secret, body, self._digest)


def _list_heard(told: object) -> Iterator[Heard]:
    """Take a telling apart: each notification alone, in the whole that it came in, so that each has its own event."""
    whole: dict[str, Any] = told if isinstance(told, dict) else {}
    number, notifications = whole.get("Id"), whole.get("Notifications")
    if not isinstance(number, str | int) or not isinstance(notifications, list):
        raise Distrust("malformed")
    for place, one in enumerate(notifications):
        action = one.get("Action") if isinstance(one, dict) else None
        if not isinstance(action, str):
            raise Distrust("malformed")
        name = ".".join(action.split(".")[:2])
        alone = {**whole, "Notifications": [one]}
        yield Heard(name, encode(alone), alone, f"{number} {place} {action}".encode())
