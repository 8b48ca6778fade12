"""The log's key is made once, whoever starts first."""

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.acts.found_log import get_signer
from gateway.ground.vault.sealing import Vault
from gateway.records.ledger import keys
from gateway.records.ledger.note import Signer
from tests.house import Scene


async def test_a_key_made_at_the_same_moment_is_everybodys(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that saw no key, and whose own came second, signs with the one that is there."""
    house, find, looks = scene.house, keys.find_signer, []

    async def too_early(connection: AsyncConnection, vault: Vault) -> Signer | None:
        looks.append(vault)
        return None if len(looks) == 1 else await find(connection, vault)

    monkeypatch.setattr(keys, "find_signer", too_early)
    signer = await get_signer(house.storage, house.vault, origin="other/log", clock=house.clock, entropy=house.entropy)
    assert house.ledger.verifier_key is not None
    assert signer.verifier_key.text() == house.ledger.verifier_key.text()
