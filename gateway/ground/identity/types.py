"""What the provider is asked, and what it has proven."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

AuthMethod = Literal["client_secret_basic", "client_secret_post"]


@dataclass(frozen=True, slots=True)
class Registration:
    """The gateway's own registration at the provider.

    Args:
        issuer: byte for byte as the provider writes it.
        redirect_uri: where the provider sends browsers back to.
        signed_out_uri: where it may send them after a sign-out there.
    """

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    auth_method: AuthMethod
    redirect_uri: str
    signed_out_uri: str


@dataclass(frozen=True, slots=True)
class Departure:
    """One way out to the provider: fresh secrets, and how the person is to be asked.

    Args:
        max_age_seconds: the oldest proof that will do; 0 asks for one now, None for any.
        prompt: as OpenID Connect Core 3.1.2.1 has it, or "".
    """

    state: str = field(repr=False)
    verifier: str = field(repr=False)
    nonce: str = field(repr=False)
    max_age_seconds: int | None = None
    prompt: str = ""


@dataclass(frozen=True, slots=True)
class Proven:
    """Whom the provider has proven, by an ID token in which everything was checked.

    Args:
        subject: who, at this issuer and for ever (never an e-mail address).
        sid: the provider's own session, or None; a logout token may name it.
        acr: how strongly, in the provider's words, or None.
        authenticated_at: when the person was last asked there; None where the provider does not say.
        raw_name: what the provider calls the person, unchecked text, or "".
    """

    issuer: str
    subject: str
    sid: str | None
    acr: str | None
    authenticated_at: datetime | None
    raw_name: str
    access_token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class LoggedOut:
    """Whom the provider has signed out: a subject, one of its sessions, or one session of a subject.

    Args:
        jti: unique within the issuer; counts once.
        ends_at: from when on the token itself is refused, so that its `jti` need not be known any longer.
    """

    issuer: str
    subject: str | None
    sid: str | None
    jti: str
    ends_at: datetime
