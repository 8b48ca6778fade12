"""`user.revoke.consent`: somebody took back, in a Mini App, what they had agreed to there.

A Mini App's events are signed otherwise than an OA's: SHA-256 over the values of all members in the order of their
names, and then the key. Nothing stands between the values, so each member but the last is held to one spelling: else a
digit could wander from one into the next, and the signature would still be right.

Source: miniapp.zaloplatforms.com, open-apis/open/verify-signature and revoke-and-remove-user-data.
"""

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from gateway.platforms import Distrust, Heard, LoginSubject
from gateway.platforms.zalo.social import PLATFORM
from scopes.strict_json import NotStrict, encode, parse

NAME: Final = "user.revoke.consent"
_MEMBERS = {"appId", "event", "timestamp", "userId"}
_TIMESTAMP = re.compile(r"[1-9][0-9]{12}")  # milliseconds, until the year 2286
_ID = re.compile(r"[1-9][0-9]{0,31}")


@dataclass(frozen=True, slots=True)
class Revocation:
    """Who took it back, when, and in which Mini App."""

    app_id: str
    timestamp: str
    user_id: str = field(repr=False)

    def as_heard(self, body: bytes, issuer: str) -> Heard:
        """Return it as a platform's telling: Zalo's id of a person in a Mini App is that of the sign-in of its app.

        It is also the one by which Zalo Social knows them to that app.
        """
        told_as = f"{NAME} {self.app_id} {self.timestamp} {self.user_id}".encode()
        return Heard(NAME, body, {}, told_as, revoked_by=LoginSubject(issuer, self.user_id, PLATFORM))


@dataclass(frozen=True, slots=True)
class MiniApp:
    """The gateway's own Mini App, and the key under which Zalo signs its events."""

    app_id: str
    key: str = field(repr=False)

    def read(self, raw_signature: str, body: bytes) -> Revocation | None:
        """Read what is told: who signed it is judged first, then its form. Its time the caller judges.

        Returns:
            None for another event of a Mini App (a version was reviewed): it is about nobody.

        Raises:
            Distrust: `forged`; `malformed`, also of another Mini App.
        """
        try:
            told = parse(body)
        except NotStrict as error:
            raise Distrust("forged") from error  # over what the values are, readers may differ
        values = {name: _written(value) for name, value in told.items()} if isinstance(told, dict) else {}
        given = raw_signature.removeprefix("mac=").lower().encode("utf-8", "replace")
        if not hmac.compare_digest(given, sign_values(values, key=self.key).encode()):
            raise Distrust("forged")
        if values.get("event") != NAME:
            return None
        if values.keys() != _MEMBERS or values["appId"] != self.app_id:
            raise Distrust("malformed")
        if not _TIMESTAMP.fullmatch(values["timestamp"]) or not _ID.fullmatch(values["userId"]):
            raise Distrust("malformed")
        return Revocation(values["appId"], values["timestamp"], values["userId"])


def is_of_mini_app(found: Mapping[str, object]) -> bool:
    """Say whether a Mini App tells it, by what any reader finds in the body; an OA's events bear `event_name`."""
    return "event" in found and "event_name" not in found


def sign_values(values: Mapping[str, str], *, key: str) -> str:
    """Return the signature of a body's values in hexadecimal."""
    content = "".join(values[name] for name in sorted(values))
    return sha256(f"{content}{key}".encode("utf-8", "replace")).hexdigest()


def _written(value: object) -> str:
    return value if isinstance(value, str) else encode(value).decode()
