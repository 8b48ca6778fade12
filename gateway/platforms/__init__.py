"""The platforms: how each upstream is spoken to. A folder for each; `gateway/server` holds the registry.

Owns: a platform's wire (linking, renewing, headers, its errors in the gateway's words).
Must not know: grants, tokens of the gateway, who is asking.
To add one more: a folder with a connector that satisfies `Connector`, its catalogue file in
`scopes`, a sandbox or a real server that its tests speak to.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

import orjson


@dataclass(frozen=True, slots=True)
class ClientKey:
    """An account's own key at the platform, by which the gateway gets tokens itself.

    Args:
        account: what the key is of, as the platform calls it.
        client_id, client_secret: the key.
    """

    account: str
    client_id: str
    client_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Credential:
    """What the gateway holds for one account: the platform's own tokens. Sealed wherever it rests.

    `key`: what gets the next token, where the platform has no refresh tokens.
    """

    access_token: str
    refresh_token: str | None
    expires_at: datetime | None
    key: ClientKey | None = None

    def to_bytes(self) -> bytes:
        """Write it down for the vault."""
        return orjson.dumps(self)

    @classmethod
    def from_bytes(cls, content: bytes) -> "Credential":
        """Read what `to_bytes` wrote."""
        fields = orjson.loads(content)
        expires_at, key = fields["expires_at"], fields.get("key")
        return cls(
            fields["access_token"],
            fields["refresh_token"],
            None if expires_at is None else datetime.fromisoformat(expires_at),
            None if key is None else ClientKey(**key),
        )


@dataclass(frozen=True, slots=True)
class LinkForm:
    """What a person fills in to link an account where the platform has no page for that: the names of its fields.

    Args:
        named: what says which account it is; the first names it. Shown again after a mistake.
        secret: what proves it; never shown again.
    """

    named: tuple[str, ...]
    secret: str


@dataclass(frozen=True, slots=True)
class Profile:
    """The account behind a credential.

    Args:
        external_id: its id on the platform.
        name: its name there.
        role: what linking it proves.
        is_of_age: False of a person whom the platform does not plainly call no minor; it is kept nowhere.
    """

    external_id: str
    name: str
    role: str
    is_of_age: bool = True


class Trouble(StrEnum):
    """What a platform's answer says about the gateway's own access, in the gateway's words."""

    CREDENTIAL_REFUSED = "credential_refused"
    ACCESS_REMOVED = "access_removed"
    PERMISSION_LOST = "permission_lost"
    LIMITED = "limited"


ENDED_ACCESS = frozenset({Trouble.ACCESS_REMOVED, Trouble.PERMISSION_LOST})
"""What no fresh credential mends: the account has to be linked anew."""


class Connector(Protocol):
    """One platform, as acts and calls use it.

    Every coroutine raises `Unavailable("<platform>")` when the platform does not answer in bound or lies, and
    `Refusal("platform_refused")` when it says no.
    """

    platform: str
    upstream_app: str
    base_url: str
    link_form: LinkForm | None
    """None where accounts are linked on a page of the platform's own."""

    def as_app(self, app_id: str, secret: str) -> "Connector":
        """Return a connector that speaks to the platform as another upstream app, where the platform knows such."""
        ...

    def link_url(self, state: str, challenge: str) -> str | None:
        """Return where the browser goes to link an account; None where the platform has no such page."""
        ...

    async def redeem(self, raw_code: str, verifier: str) -> Credential:
        """Exchange what the platform's page returned."""
        ...

    async def log_in(self, answers: Mapping[str, str]) -> Credential:
        """Get a credential by what stood in `link_form`; `Refusal("platform_refused")` if it is wrong."""
        ...

    async def describe(self, credential: Credential) -> Profile:
        """Ask the platform whose credential this is; a refusal has, as `trouble`, what it means for the access."""
        ...

    async def renew(self, credential: Credential) -> Credential:
        """Exchange the refresh token, once; the old pair is dead afterwards."""
        ...

    def headers(self, credential: Credential) -> Mapping[str, str]:
        """Return the headers that carry the credential on a forwarded call."""
        ...

    def is_refusal(self, status: int, body: bytes) -> bool:
        """Say whether the platform refused the call itself, in an answer that passes."""
        ...

    def read_trouble(self, status: int, body: bytes) -> Trouble | None:
        """Say what an answer means for the gateway's own access; None if it is about the call alone."""
        ...


class Distrust(Exception):
    """What came changes nothing: `forged` (or unsigned); or signed, and yet `stale` or `malformed`."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class LoginSubject:
    """Somebody by the id of their sign-in, and at whom they sign in: as an identity of a person has it.

    `own_platform`: on which an account of that very id is their own; "": on none.
    """

    issuer: str
    subject: str = field(repr=False)
    own_platform: str = ""


@dataclass(frozen=True, slots=True)
class Heard:
    """One thing that a platform told, its signature checked.

    Args:
        name: what the catalogue's events are known by.
        body: the platform's words on it alone.
        parsed: the same, read.
        told_as: what names this telling at the platform: the same again is no other.
        revoked_by: who took back, through the gateway's app, what they had agreed to; then no event of the catalogue.
    """

    name: str
    body: bytes = field(repr=False)
    parsed: object = field(repr=False)
    told_as: bytes = field(repr=False)
    revoked_by: LoginSubject | None = None


class Hooks(Protocol):
    """How one platform tells events, as the events' door and its carrier use it."""

    platform: str
    is_silent: bool
    """Whether a no of ours would end all telling, so that what is not believed is dropped without a word."""
    is_asked: bool
    """Whether it tells where it was asked to, through each connection, and not at one address for all accounts."""

    def as_app(self, app_id: str) -> "Hooks":
        """Return how it tells another upstream app, where the platform knows such."""
        ...

    def read(self, headers: Mapping[str, str], body: bytes, key: str, *, now: datetime) -> list[Heard]:
        """Check the signature on the body's very bytes, and its time; return what is told.

        Args:
            headers: lower-case names, as they came.
            body: as it came.
            key: what the platform signs with.
            now: for bodies that carry a time.

        Raises:
            Distrust: nothing of it is believed.
        """
        ...

    def sign(self, body: bytes, names: tuple[str, ...], *, app_id: str, key: str) -> "Native":
        """Write a filtered body as the platform would tell it to this app, signed under its key.

        Args:
            body: the platform's words, filtered.
            names: what the platform calls such an event.
            app_id: the client id, which stands where the platform's app id would.
            key: the app's own.
        """
        ...


@dataclass(frozen=True, slots=True)
class Native:
    """An event in the platform's own form: its body, and the headers that sign it."""

    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)


class Registrar(Protocol):
    """Where a platform tells, for one that has to be asked through each connection.

    Every coroutine raises `Unavailable("<platform>")` when the platform does not answer as it should, and
    `Refusal("platform_refused")` when it refuses the credential.
    """

    @property
    def platform(self) -> str:
        """Whose."""

    async def add(self, credential: Credential, name: str, url: str, *, secret: str) -> str:
        """Let the platform tell events of one name there, signed under a secret; return its own id for that."""
        ...

    async def list_active(self, credential: Credential) -> Mapping[str, str]:
        """List by what the platform still tells: its ids, each with the address."""
        ...

    async def remove(self, credential: Credential, upstream_id: str) -> None:
        """Let it tell no more."""
        ...
