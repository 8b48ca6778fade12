"""Apps that named the networks that they call from: their tokens are of no use elsewhere."""

from dataclasses import replace
from pathlib import Path

import pytest

from gateway.acts.register import register_app
from gateway.records.ledger.types import Actor
from gateway.terms.ids import AppId
from tests.house import ask_of
from tests.platforms.zalo.stage import PROFILE, mint_token, zalo_stage

ASKS = (("oa_profile", "zalo.profile.read", "crm", False),)


@pytest.mark.parametrize(
    "addresses,status", [(("203.0.113.0/24",), 403), (("2001:db8::/32", "127.0.0.0/8"), 200), (None, 200)]
)
async def test_a_token_is_of_no_use_from_elsewhere(
    tmp_path: Path, addresses: tuple[str, ...] | None, status: int
) -> None:
    """By either header; nothing reaches the platform, and the refusal is traced."""
    async with zalo_stage(tmp_path) as stage:
        app = replace(stage.scene.app, id=AppId("far-away"), addresses=addresses)
        asks = [ask_of(app.id, row) for row in ASKS]
        await register_app(stage.scene.house, app, asks, Actor.system())
        token, _ = await mint_token(replace(stage.scene, app=app, asks=tuple(asks)))
        bearer = await stage.app.call(PROFILE, headers={"Authorization": f"Bearer {token}"})
        own_header = await stage.app.call(PROFILE, headers={"access_token": token})
        assert bearer.status == status
        assert (own_header.status, own_header.code) == (200, None if status == 200 else "address_not_listed")
        assert len(await stage.arrived()) == (2 if status == 200 else 0)
        endings = [line.ending for line in await stage.list_lines()]
        assert [ending.reason for ending in endings if ending] == [own_header.code] * 2
