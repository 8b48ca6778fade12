"""Linking a Matrix account and granting it item by item, from the first sign-in to the first call."""

import pytest
from aiohttp import ClientResponseError

from tests.platforms.synapse.desk import MATRIX_PASSWORD, OWNER_PASSWORD, Desk


async def test_a_wrong_password_links_nothing_and_is_said(new_desk: Desk) -> None:
    """The homeserver's no is shown, no connection appears, and the right password links afterwards."""
    owner, merchant = new_desk.owner, new_desk.merchant
    await owner.sign_in(new_desk.login, OWNER_PASSWORD)
    with new_desk.tap.watched() as arrived:
        await owner.link(merchant.user_id, "mat-khau-sai-mau")
    assert [one.target for one in arrived] == ["/_matrix/client/v3/login"]
    assert owner.status == 400
    assert "Tên hoặc mật khẩu Matrix không đúng." in owner.page
    assert "mat-khau-sai-mau" not in owner.page
    assert owner.states("connection") == {}
    assert await new_desk.connections() == []

    await owner.link(merchant.user_id, MATRIX_PASSWORD)
    assert owner.status == 200
    assert list(owner.states("connection").values()) == ["live"]
    assert merchant.user_id in owner.page


async def test_the_grant_is_exactly_what_was_ticked(desk: Desk) -> None:
    """Of four asks three are ticked: the token, the page and the next call say three."""
    grant = await desk.grant(desk.street.desk_app, "profile", "rooms", "read")
    assert grant.scope == {"matrix.profile.read", "matrix.room.read", "matrix.message.read"}
    await desk.owner.get(f"/permissions/{grant.id}")
    assert desk.owner.states("ask") == {
        "profile": "granted",
        "rooms": "granted",
        "read": "granted",
        "send": "refused",
    }
    async with grant.app.client(grant.token) as client:
        assert (await client.whoami()).user_id == desk.merchant.user_id
    # What the app holds is no Matrix token: it cannot go round the gateway with it.
    desk.merchant.access_token = grant.token
    with pytest.raises(ClientResponseError) as refused:
        await desk.merchant.call("GET", "/account/whoami")
    assert refused.value.status == 401
