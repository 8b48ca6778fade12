"""The Matrix connector against a stand-in of the few endpoints that it speaks to, and against lies."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import aiohttp
import pytest

from gateway.doors.calls.upstream import open_session
from gateway.platforms import Credential, Trouble
from gateway.platforms.exchange import LIMIT_BYTES
from gateway.platforms.matrix.connector import MatrixConnector, MatrixUpstream
from gateway.terms.refusal import Refusal, Unavailable
from tests.platforms.matrix.homeserver import PASSWORD, USER_ID, Homeserver, served_homeserver
from tests.platforms.zalo.lying import answering, lying, saying
from tests.stand_ins.clock import ManualClock

HELD = Credential("syt_a", "syr_r", None)


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """Yield a session as the gateway opens it."""
    async with open_session(4) as session:
        yield session


@pytest.fixture
async def homeserver() -> AsyncIterator[Homeserver]:
    """Yield a served stand-in."""
    async with served_homeserver() as served:
        yield served


@pytest.fixture
def connector(homeserver: Homeserver, http: aiohttp.ClientSession, clock: ManualClock) -> MatrixConnector:
    """Return a connector to the stand-in."""
    return MatrixConnector(MatrixUpstream(homeserver.url), http, clock=clock)


async def test_a_password_becomes_a_credential_that_says_who_it_is(
    connector: MatrixConnector, clock: ManualClock
) -> None:
    """Log in with refresh tokens, then ask whoami."""
    credential = await connector.log_in({"user_id": USER_ID, "password": PASSWORD})
    assert credential.expires_at == clock.now() + timedelta(minutes=5)
    profile = await connector.describe(credential)
    assert (profile.external_id, profile.name, profile.role) == (USER_ID, USER_ID, "owner")


async def test_a_wrong_password_is_refused(connector: MatrixConnector, homeserver: Homeserver) -> None:
    """403 is a no, and what was tried stands in no error."""
    with pytest.raises(Refusal, match="platform_refused") as refused:
        await connector.log_in({"user_id": USER_ID, "password": "wrong-secret"})
    assert "wrong-secret" not in str(refused.value) + refused.value.log_detail
    assert [one.path for one in homeserver.arrived] == ["/_matrix/client/v3/login"]


async def test_renewal_rotates_and_a_dead_refresh_token_is_refused(connector: MatrixConnector) -> None:
    """Both tokens are new; the old refresh token is used up."""
    old = await connector.log_in({"user_id": USER_ID, "password": PASSWORD})
    new = await connector.renew(old)
    assert {new.access_token, new.refresh_token}.isdisjoint({old.access_token, old.refresh_token})
    assert (await connector.describe(new)).external_id == USER_ID
    with pytest.raises(Refusal, match="platform_refused"):
        await connector.renew(old)


async def test_a_refresh_token_stays_where_no_new_one_is_sent(http: aiohttp.ClientSession, clock: ManualClock) -> None:
    """The specification lets a homeserver keep the old refresh token good, and leave the lifetime out."""
    async with lying(answering(b'{"access_token":"new"}')) as liar:
        renewed = await MatrixConnector(MatrixUpstream(liar.url), http, clock=clock).renew(HELD)
    assert renewed == Credential("new", "syr_r", None)


async def test_there_is_no_page_and_no_renewal_without_a_refresh_token(
    connector: MatrixConnector, homeserver: Homeserver
) -> None:
    """Nothing is sent for what cannot be."""
    assert connector.link_url("state", "challenge") is None
    for refused in (connector.redeem("code", "verifier"), connector.renew(Credential("a", None, None))):
        with pytest.raises(Refusal, match="platform_refused"):
            await refused
    assert homeserver.arrived == []


LIES: list[Any] = [
    answering(b"<html>"),
    answering(b"[]"),
    answering(b"{}"),
    answering(b'{"access_token":"a b"}'),
    answering(b'{"access_token":"a","refresh_token":7}'),
    answering(b'{"access_token":"a","expires_in_ms":"300000"}'),
    answering(b'{"access_token":"a","expires_in_ms":-1}'),
    answering(b'{"access_token":"a"}', b"Content-Encoding: gzip"),
    answering(b'{"access_token":"a"}', b"Location: http://127.0.0.1:1/", status=b"302 Found"),
    answering(b'{"errcode":"M_LIMIT_EXCEEDED"}', status=b"429 Slow"),
    answering(b'{"errcode":"M_UNKNOWN"}', status=b"500 Oops"),
    answering(b" " * (LIMIT_BYTES + 1)),
    saying(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", then_close=True),
]


@pytest.mark.parametrize("number", range(len(LIES)))
async def test_a_lie_is_no_answer(number: int, http: aiohttp.ClientSession, clock: ManualClock) -> None:
    """Whatever is not a homeserver's answer leaves the old credential in place."""
    async with lying(LIES[number]) as liar:
        with pytest.raises(Unavailable) as unavailable:
            await MatrixConnector(MatrixUpstream(liar.url), http, clock=clock).renew(HELD)
    assert unavailable.value.what == "matrix"
    assert len(liar.heads) == 1


@pytest.mark.parametrize("user_id", [None, 7, "merchant", "@a:b/c", "@a b:c"])
async def test_whoami_without_a_matrix_id_is_no_answer(
    user_id: object, http: aiohttp.ClientSession, clock: ManualClock
) -> None:
    """What is no Matrix id names no account."""
    async with lying(answering(json.dumps({"user_id": user_id}).encode())) as liar:
        with pytest.raises(Unavailable):
            await MatrixConnector(MatrixUpstream(liar.url), http, clock=clock).describe(HELD)


@pytest.mark.parametrize(
    "status,trouble",
    [(401, Trouble.CREDENTIAL_REFUSED), (429, Trouble.LIMITED), (403, None), (404, None), (200, None)],
)
def test_trouble_is_read_from_the_status(status: int, trouble: Trouble | None, connector: MatrixConnector) -> None:
    """Every 401 is about the gateway's token: apps' tokens stay at the gateway."""
    assert connector.read_trouble(status, b"{}") is trouble


async def test_a_session_that_keeps_cookies_is_not_taken(clock: ManualClock) -> None:
    """One account's cookie would reach the next account."""
    async with aiohttp.ClientSession() as careless:
        with pytest.raises(TypeError):
            MatrixConnector(MatrixUpstream("http://127.0.0.1:1"), careless, clock=clock)
