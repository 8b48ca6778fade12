"""What the provider is asked, and what it has proven."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

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
        acr_values: in which classes, the most wanted first; empty: any.
        left_at: on the way back, when it was: the age of a proof is counted to then; None: to now.
    """

    state: str = field(repr=False)
    verifier: str = field(repr=False)
    nonce: str = field(repr=False)
    max_age_seconds: int | None = None
    prompt: str = ""
    acr_values: tuple[str, ...] = ()
    left_at: datetime | None = None


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


class SignInClient(Protocol):
    """Whoever proves who somebody is: out with a departure, back with a code, and then a subject.

    Every coroutine raises `Unavailable("identity")` when there is no answer in bound, and `Refusal("provider_refused")`
    when what was said does not hold.
    """

    @property
    def slug(self) -> str:
        """A word for it, in addresses and in the logins of people whom it proves first."""

    @property
    def issuer(self) -> str:
        """Who it is, in every record: with a subject, and for ever, it names one person."""

    @property
    def page_url(self) -> str:
        """An address whose scheme every page has that it sends a browser to."""

    @property
    def tells_when(self) -> bool:
        """Whether it can be asked for a proof made now; if not, its proofs are too old for whoever wants to know."""

    async def authorize_url(self, departure: Departure) -> str:
        """Return where the browser goes."""

    async def check_answerer(self, raw_issuer: str | None) -> None:
        """Check who says to have answered (RFC 9207)."""

    async def redeem(self, raw_code: str, departure: Departure) -> Proven:
        """Exchange a code for whom it proves, everything checked."""

    async def find_name(self, proven: Proven) -> str:
        """Find what it calls the person; "" where it does not say."""

    async def sign_out_url(self) -> str | None:
        """Return where a person can end their session there too; None where it has no such page."""
