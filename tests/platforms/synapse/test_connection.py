"""The gateway's own token for the account: renewed where it ran out, lost where the homeserver took it back."""

import asyncio
import shutil
from collections.abc import AsyncIterator

import pytest

from tests.platforms.synapse.conftest import opened_street
from tests.platforms.synapse.desk import MATRIX_PASSWORD, Desk, Street
from tests.services.child import short_folder
from tests.services.synapse_server import SynapseServer

V3 = "/_matrix/client/v3"
LIVES_SECONDS = 4


@pytest.fixture(scope="module")
async def hasty_street() -> AsyncIterator[Street]:
    """Yield a gateway in front of a second homeserver, whose tokens run out after four seconds."""
    folder = short_folder("synapse")
    server = None
    try:
        server = SynapseServer(folder, {"refreshable_access_token_lifetime": f"{LIVES_SECONDS}s"})
        async with opened_street(server) as street:
            yield street
    finally:
        if server is not None:
            await server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.service
async def test_a_token_that_ran_out_is_renewed_once_for_all_calls(hasty_street: Street) -> None:
    """The app notices nothing; of several calls that find the token dead, one renews it."""
    async with hasty_street.desk() as desk:
        await desk.open()
        grant = await desk.grant(hasty_street.desk_app, "rooms")
        await asyncio.sleep(LIVES_SECONDS + 0.2)  # the homeserver's clock cannot be moved
        with desk.tap.watched() as arrived:
            replies = await asyncio.gather(*[grant.app.call(grant.token, f"{V3}/joined_rooms") for _ in range(4)])
        assert [one.status for one in replies] == [200] * 4
        assert [one.json for one in replies] == [{"joined_rooms": [desk.room]}] * 4
        assert [one.target for one in arrived].count(f"{V3}/refresh") == 1
        assert len({one.authorization for one in arrived if one.target.endswith("/joined_rooms")}) == 2
        assert await desk.connections() == ["live"]


async def test_a_device_that_was_signed_out_loses_the_connection_until_it_is_linked_again(desk: Desk) -> None:
    """The call says so, the page says so, later calls do not even leave; linking again revives the same token."""
    grant = await desk.grant(desk.street.desk_app, "rooms")
    target = f"{V3}/joined_rooms"
    assert (await grant.app.call(grant.token, target)).status == 200
    await desk.merchant.call("POST", "/logout/all", body={})
    with desk.tap.watched() as arrived:
        lost = await grant.app.call(grant.token, target)
    assert lost.told == (502, "connection_lost", "M_UNKNOWN")
    assert [one.target for one in arrived] == [target, f"{V3}/refresh"]
    assert await desk.connections() == ["lost"]
    with desk.tap.watched() as arrived:
        again = await grant.app.call(grant.token, target)
    assert again.told == (502, "connection_lost", "M_UNKNOWN")
    assert arrived == []

    await desk.owner.link(desk.merchant.user_id, MATRIX_PASSWORD)
    assert await desk.connections() == ["live"]
    assert (await grant.app.call(grant.token, target)).json == {"joined_rooms": [desk.room]}
