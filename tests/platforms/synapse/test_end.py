"""Taking back: the very next call with the same token is refused, also one that is under way."""

import asyncio

import nio

from tests.platforms.synapse.desk import Desk, Grant

V3 = "/_matrix/client/v3"


async def test_withdrawn_reading_is_refused_at_the_very_next_call(desk: Desk) -> None:
    """The same token still opens what was not withdrawn; the homeserver hears nothing of the refused read."""
    grant = await desk.grant(desk.street.desk_app, "profile", "rooms", "read")
    await desk.buyer.send_text(desk.room, "trước khi rút (mẫu)")
    async with grant.app.client(grant.token) as client:
        before = await client.room_messages(desk.room, limit=1)
        assert [one.body for one in before.chunk] == ["trước khi rút (mẫu)"]
        await desk.owner.change(grant.id, "withdraw", "read")
        with desk.tap.watched() as arrived:
            after = await client.room_messages(desk.room, limit=1)
        assert isinstance(after, nio.RoomMessagesError)
        assert after.status_code == "M_FORBIDDEN"
        assert arrived == []
        assert (await client.joined_rooms()).rooms == [desk.room]
    assert desk.owner.states("ask")["read"] == "withdrawn"
    await desk.owner.get("/permissions/trace")
    assert list(desk.owner.states("trace").values()) == ["passed", "blocked", "passed"]
    assert "trước khi rút" not in desk.owner.page


async def test_a_read_under_way_is_cut_by_the_withdrawal(desk: Desk) -> None:
    """The homeserver has answered, the answer is held on the wire: the app gets a refusal and not one message."""
    grant = await desk.grant(desk.street.desk_app, "rooms", "read")
    await desk.buyer.send_text(desk.room, "không được đến nữa (mẫu)")
    async with desk.tap.holding() as came:
        call = asyncio.create_task(grant.app.call(grant.token, f"{V3}/rooms/{desk.room}/messages?dir=b"))
        await came.wait()
        await desk.owner.change(grant.id, "withdraw", "read")
        cut = await call
    assert cut.told == (403, "insufficient_scope", "M_FORBIDDEN")
    assert "không được đến nữa" not in cut.body.decode()
    assert (await grant.app.call(grant.token, f"{V3}/joined_rooms")).status == 200


async def test_a_pause_stops_and_a_resume_goes_on(desk: Desk) -> None:
    """Paused is said as such; after resuming the same token reads again."""
    grant = await desk.grant(desk.street.desk_app, "rooms", "read")
    target = f"{V3}/rooms/{desk.room}/messages?dir=b"
    await desk.owner.change(grant.id, "pause", "read")
    with desk.tap.watched() as arrived:
        paused = await grant.app.call(grant.token, target)
    assert paused.told == (403, "paused", "M_FORBIDDEN")
    assert arrived == []
    assert (await grant.app.call(grant.token, f"{V3}/joined_rooms")).status == 200
    await desk.owner.change(grant.id, "resume", "read")
    assert (await grant.app.call(grant.token, target)).status == 200


async def test_a_purpose_is_named_where_there_are_two_and_counts_where_it_is_named(
    quiet_desk: Desk, archivist: Grant
) -> None:
    """Two purposes for one scope: none named is 400, a granted one passes, another is 403; matrix-nio can say it."""
    target, app, token = f"{V3}/rooms/{quiet_desk.room}/messages?dir=b&limit=1", archivist.app, archivist.token
    with quiet_desk.tap.watched() as arrived:
        unnamed = await app.call(token, target)
        wrong = await app.call(token, target, headers={"Quyen-Purpose": "advertising"})
        of_another_ask = await app.call(token, target, headers={"Quyen-Purpose": "archive"})
    assert unnamed.told == (400, "purpose_required", "M_INVALID_PARAM")
    assert unnamed.json["purposes"] == ["orders", "support"]
    assert wrong.told == (403, "purpose_not_granted", "M_FORBIDDEN")
    assert of_another_ask.told == (403, "purpose_not_granted", "M_FORBIDDEN")
    assert arrived == []
    with quiet_desk.tap.watched() as arrived:
        async with app.client(token, purpose="orders") as client:
            page = await client.room_messages(quiet_desk.room, limit=1)
    assert isinstance(page, nio.RoomMessagesResponse)
    assert len(arrived) == 1
