"""Linking a Matrix account and granting it item by item, from the first sign-in to the first call."""

import pytest
from aiohttp import ClientResponseError

from tests.platforms.synapse.desk import MATRIX_PASSWORD, OWNER_PASSWORD, Desk, grant_of


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


async def test_an_app_that_asks_before_anything_is_linked_waits_for_the_link(new_desk: Desk) -> None:
    """The person chooses, links by password on the way, and confirms for which account; only then a grant exists."""
    owner, app, tap = new_desk.owner, new_desk.street.desk_app, new_desk.tap
    await owner.sign_in(new_desk.login, OWNER_PASSWORD)
    async with app.asking(owner) as answer:
        await owner.send(("ask", "rooms"), ("duration", "P1D"), ("decision", "agree"))
        assert "/connections?return_to=" in owner.url
        await owner.send(("platform", "matrix"), ("user_id", new_desk.merchant.user_id), ("password", "sai-mau"))
        assert owner.status == 400
        link = (("platform", "matrix"), ("user_id", new_desk.merchant.user_id), ("password", MATRIX_PASSWORD))
        await owner.send(*link)
        assert "/consent/" in owner.url
        await owner.confirm()
    grant = grant_of(app, answer)
    assert grant.scope == {"matrix.room.read"}
    with tap.watched() as arrived:
        async with app.client(grant.token) as client:
            assert (await client.joined_rooms()).rooms == [new_desk.room]
    assert len(arrived) == 1


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
