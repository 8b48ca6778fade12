"""The gateway's client of the lying provider, and one way there and back, for the tests of OpenID Connect."""

from typing import Any

import pytest

from gateway.ground.identity.provider import Provider
from gateway.ground.identity.types import AuthMethod, Departure, Proven, Registration
from gateway.terms.refusal import Refusal
from tests.stand_ins.clock import ManualClock
from tests.stand_ins.provider import CALLBACK, CLIENT_ID, CLIENT_SECRET, LyingProvider

STATE, VERIFIER, NONCE = "s" * 43, "v" * 43, "n" * 43


def client_of(liar: LyingProvider, clock: ManualClock, auth_method: AuthMethod = "client_secret_basic") -> Provider:
    """Return the gateway's client of a provider."""
    registration = Registration(liar.base, CLIENT_ID, CLIENT_SECRET, auth_method, CALLBACK, "http://127.0.0.1:8400/")
    return Provider(registration, clock, limit_seconds=1)


async def redeem(client: Provider, liar: LyingProvider, max_age: int | None = None, **claims: Any) -> Proven:
    """Go out and come back as subject u-1."""
    departure = Departure(STATE, VERIFIER, NONCE, max_age)
    path = liar.authorise(await client.authorize_url(departure), "u-1", **claims)
    code = path.split("code=")[1].split("&")[0]
    return await client.redeem(code, departure)


async def refusal_of(client: Provider, liar: LyingProvider, max_age: int | None = None) -> tuple[str, str]:
    """Return why the exchange is refused."""
    with pytest.raises(Refusal) as refused:
        await redeem(client, liar, max_age)
    return refused.value.reason, refused.value.log_detail


def seconds(clock: ManualClock) -> int:
    """Return the clock's whole seconds since 1970."""
    return int(clock.now().timestamp())
