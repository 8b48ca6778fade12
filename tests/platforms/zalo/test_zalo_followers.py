"""Who a follower is, as Zalo says it to the OA: what it does not say plainly is no yes."""

import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from gateway.platforms import Credential
from gateway.platforms.zalo.connector import ZaloUpstream
from gateway.platforms.zalo.followers import ZaloFollower, ZaloFollowers
from tests.platforms.zalo.lying import answering, lying

FOLLOWER, LOGIN = "2468135790123456789", "9988776655443322110"
HELD = Credential("access", "refresh", None)


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """Yield what asks."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        yield session


async def find(http: aiohttp.ClientSession, **said: Any) -> ZaloFollower | None:
    """Ask for the follower where Zalo says this of them."""
    body = json.dumps({"error": 0, "data": {"user_id": FOLLOWER, "user_id_by_app": LOGIN, **said}}).encode()
    async with lying(answering(body)) as liar:
        followers = ZaloFollowers(ZaloUpstream(liar.url, liar.url, "1", "secret", "http://127.0.0.1/cb"), http)
        return await followers.find_follower(HELD, FOLLOWER)


async def test_a_plain_no_is_of_age(http: aiohttp.ClientSession) -> None:
    """Zalo flags minors: who is plainly not flagged may decide."""
    assert await find(http, is_sensitive=False) == ZaloFollower(LOGIN, is_of_age=True)


ODD: list[Any] = [True, None, 0, 1, "false", "", [], {}]


@pytest.mark.parametrize("said", [{}, *({"is_sensitive": each} for each in ODD)], ids=str)
async def test_silence_and_oddities_are_not_of_age(http: aiohttp.ClientSession, said: dict[str, Any]) -> None:
    """A member that is missing or of another kind says nothing of the age."""
    assert await find(http, **said) == ZaloFollower(LOGIN, is_of_age=False)


async def test_another_person_is_nobody(http: aiohttp.ClientSession) -> None:
    """An answer about somebody else is not taken for the one who was asked about."""
    assert await find(http, user_id="1", is_sensitive=False) is None
