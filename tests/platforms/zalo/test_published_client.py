"""`zalo_sdk`, a published client of Zalo's, works through the gateway unchanged: sign-in, tokens, calls, errors."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
import zalo_sdk
from zalo_sdk.oa import Client, ZaloMessageBody, ZaloRecipient

from gateway.acts.withdraw import withdraw
from gateway.records.ledger.types import Actor, ActorKind
from tests.house import CHALLENGE, REDIRECT_URI, VERIFIER
from tests.platforms.zalo.stage import FOLLOWER, Stage, zalo_stage
from tests.protocol.wire import Wire, served

OAUTH = "https://oauth.zaloapp.com"


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """Yield a stage on which the owner's account is linked and sandbox and gateway are served."""
    async with zalo_stage(tmp_path) as set_stage:
        yield set_stage


@pytest.fixture
async def wire(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Wire]:
    """Yield the OAuth door of the same house, found under the one name that the client has built in."""
    async with served(stage.scene) as wire:
        send = requests.adapters.HTTPAdapter.send

        def send_here(adapter: Any, request: requests.PreparedRequest, **options: Any) -> requests.Response:
            assert request.url is not None
            request.url = request.url.replace(OAUTH, f"{wire.door.issuer}/dialect/zalo")
            return send(adapter, request, **options)

        monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", send_here)
        yield wire


async def signed_in(stage: Stage, wire: Wire) -> Client:
    """Let the client send the owner to agree, and redeem what comes back."""
    client = Client(stage.scene.app.id, stage.scene.raw_secret, endpoint_prefix=f"{stage.app.base}/zalo")
    url = urlsplit(client.request_authoriation_code_url(REDIRECT_URI, CHALLENGE, "s-1"))
    decided = await wire.agree_on(await wire.send("GET", f"/dialect/zalo{url.path}?{url.query}"))
    await asyncio.to_thread(client.get_access_token_from_authorization_code, decided.raw_code, VERIFIER)
    return client


async def test_it_signs_in_refreshes_and_calls(stage: Stage, wire: Wire) -> None:
    """Tokens, lists, a profile and a message, by its own methods; what arrived is what it sent."""
    client = await signed_in(stage, wire)
    before = client.refresh_token
    await asyncio.to_thread(client.refresh_acccess_token)
    assert client.refresh_token != before
    listed = await asyncio.to_thread(client.get_list, {"offset": 0, "count": 5})
    assert {"user_id": FOLLOWER.user_id} in listed["data"]["users"]
    detail = await asyncio.to_thread(client.get_user_detail, FOLLOWER.user_id)
    assert detail["data"]["display_name"] == FOLLOWER.display_name
    recipient, text = ZaloRecipient(user_id=FOLLOWER.user_id), ZaloMessageBody("Chào bạn (mẫu)")
    sent = await asyncio.to_thread(client.send_message, recipient, text)
    assert sent["data"]["user_id"] == FOLLOWER.user_id
    assert (await stage.arrived())[-1]["target"] == "/v3.0/oa/message/cs"


async def test_it_hears_noes_in_zalos_words(stage: Stage, wire: Wire) -> None:
    """A withdrawn grant, a spent refresh token and a wrong secret are exceptions of its own, with Zalo's codes."""
    client = await signed_in(stage, wire)
    spent = client.refresh_token
    await asyncio.to_thread(client.refresh_acccess_token)
    actor = Actor(ActorKind.PERSON, stage.scene.owner.id)
    await withdraw(stage.scene.house, stage.grant_id, actor)
    with pytest.raises(zalo_sdk.ZaloOAException, match="-216"):
        await asyncio.to_thread(client.get_user_detail, FOLLOWER.user_id)
    client.refresh_token = spent
    with pytest.raises(zalo_sdk.ZaloOAException, match="-14014"):
        await asyncio.to_thread(client.refresh_acccess_token)
    stranger = Client(stage.scene.app.id, "wrong", endpoint_prefix=f"{stage.app.base}/zalo")
    with pytest.raises(zalo_sdk.ZaloOAException, match="-14004"):
        await asyncio.to_thread(stranger.get_access_token_from_authorization_code, "x", VERIFIER)
