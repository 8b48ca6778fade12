"""What was not granted is refused, in words that a Matrix client understands, and never reaches the homeserver."""

from urllib.parse import quote

import nio
import pytest

from tests.platforms.synapse.desk import Desk, Grant

V3 = "/_matrix/client/v3"
MESSAGE = {"msgtype": "m.text", "body": "gửi trộm (mẫu)"}


async def test_a_send_is_refused_and_nothing_was_sent(quiet_desk: Desk, reader: Grant) -> None:
    """matrix-nio is told M_FORBIDDEN; neither the wire nor the other person in the room saw anything."""
    room, buyer = quiet_desk.room, quiet_desk.buyer
    await buyer.send_text(room, "tin cuối (mẫu)")
    before = await buyer.list_texts(room, 100)
    with quiet_desk.tap.watched() as arrived:
        async with reader.app.client(reader.token) as client:
            refused = await client.room_send(room, "m.room.message", MESSAGE)
    assert isinstance(refused, nio.RoomSendError)
    assert refused.status_code == "M_FORBIDDEN"
    assert refused.transport_response.status == 403
    assert arrived == []
    assert await buyer.list_texts(room, 100) == before


async def test_the_refusal_says_which_ask_is_missing_and_where_it_can_be_asked_for(
    quiet_desk: Desk, reader: Grant
) -> None:
    """RFC 9457, RFC 6750 and Matrix in one answer; the address asks for the missing ask alone."""
    target = f"{V3}/rooms/{quiet_desk.room}/send/m.room.message/txn-1"
    refused = await reader.app.call(reader.token, target, "PUT", json=MESSAGE)
    assert refused.told == (403, "insufficient_scope", "M_FORBIDDEN")
    assert refused.json["asks"] == ["matrix.message.send"]
    assert refused.json["error"] == refused.json["detail"]
    challenge = refused.headers["WWW-Authenticate"]
    assert 'error="insufficient_scope"' in challenge
    assert 'scope="matrix.message.send"' in challenge
    wanted = f"client_id={reader.app.client_id}&scope=matrix.message.send"
    assert refused.json["consent_url"] == f"{quiet_desk.street.gateway.public}/oauth/authorize?{wanted}"


WRITES = [
    ("PUT", "/rooms/{room}/send/m.room.message/t", MESSAGE),
    (
        "PUT",
        "/rooms/{room}/send/m.reaction/t",
        {"m.relates_to": {"rel_type": "m.annotation", "event_id": "$e", "key": "x"}},
    ),
    ("PUT", "/rooms/{room}/redact/$e/t", {}),
    ("PUT", "/rooms/{room}/typing/{user}", {"typing": True}),
    ("POST", "/rooms/{room}/receipt/m.read/$e", {}),
]


@pytest.mark.parametrize("number", range(len(WRITES)))
async def test_every_way_of_writing_is_closed(quiet_desk: Desk, reader: Grant, number: int) -> None:
    """Each listed write needs the sending ask, whatever else was granted."""
    method, template, body = WRITES[number]
    path = template.format(room=quiet_desk.room, user=quiet_desk.merchant.user_id)
    with quiet_desk.tap.watched() as arrived:
        refused = await reader.app.call(reader.token, V3 + path, method, json=body)
    assert refused.told == (403, "insufficient_scope", "M_FORBIDDEN")
    assert arrived == []


UNLISTED = [
    ("GET", f"{V3}/sync"),
    ("POST", f"{V3}/search"),
    ("GET", f"{V3}/devices"),
    ("POST", f"{V3}/logout"),
    ("POST", f"{V3}/logout/all"),
    ("POST", f"{V3}/refresh"),
    ("POST", f"{V3}/createRoom"),
    ("POST", f"{V3}/join/{{room}}"),
    ("POST", f"{V3}/rooms/{{room}}/invite"),
    ("POST", f"{V3}/rooms/{{room}}/leave"),
    ("POST", f"{V3}/rooms/{{room}}/send/m.room.message/t"),
    ("PUT", f"{V3}/rooms/{{room}}/send/vn.example.note/t"),
    ("PUT", f"{V3}/rooms/{{room}}/state/m.room.name"),
    ("GET", f"{V3}/rooms/{{room}}/state"),
    ("GET", f"{V3}/rooms/{{room}}/members"),
    ("PUT", f"{V3}/profile/{{user}}/displayname"),
    ("GET", f"{V3}/user/{{user}}/account_data/m.direct"),
    ("GET", "/_matrix/client/versions"),
    ("GET", "/_matrix/client/r0/joined_rooms"),
    ("GET", "/_matrix/client/v1/rooms/{room}/threads"),
    ("GET", "/_synapse/admin/v1/server_version"),
    ("GET", "/health"),
]


@pytest.mark.parametrize("number", range(len(UNLISTED)))
async def test_what_is_not_listed_does_not_exist(quiet_desk: Desk, reader: Grant, number: int) -> None:
    """Sync, search and everything that the catalogue leaves out is 404 to the app, and silence to the homeserver."""
    method, template = UNLISTED[number]
    target = template.format(room=quiet_desk.room, user=quiet_desk.merchant.user_id)
    with quiet_desk.tap.watched() as arrived:
        refused = await reader.app.call(reader.token, target, method, json={} if method != "GET" else None)
    assert refused.told == (404, "unknown_route", "M_UNRECOGNIZED")
    assert arrived == []


async def test_a_published_client_cannot_sync(quiet_desk: Desk, reader: Grant) -> None:
    """matrix-nio's sync, which mixes all that an account can see, gets M_UNRECOGNIZED."""
    with quiet_desk.tap.watched() as arrived:
        async with reader.app.client(reader.token, user_id=quiet_desk.merchant.user_id) as client:
            refused = await client.sync(timeout=0, full_state=True)
    assert isinstance(refused, nio.SyncError)
    assert refused.status_code == "M_UNRECOGNIZED"
    assert arrived == []


async def test_no_parameter_moves_the_account_or_widens_the_answer(quiet_desk: Desk, reader: Grant) -> None:
    """Another user's profile, a filter, a token in the query: refused before the homeserver hears of it."""
    other, room = quote(quiet_desk.buyer.user_id), quiet_desk.room
    cases = {
        f"{V3}/profile/{other}": "bad_target",
        f"{V3}/profile/{other}/displayname": "bad_target",
        f"{V3}/rooms/{room}/messages?dir=b&filter=%7B%7D": "bad_target",
        f"{V3}/rooms/{room}/messages?dir=b&limit=101": "bad_target",
        f"{V3}/account/whoami?user_id={other}": "bad_target",
        f"{V3}/account/whoami?access_token=syt_x": "two_credentials",
        f"{V3}/rooms/{room}/../../account/whoami": "bad_target",
        f"{V3}/rooms/%2e%2e/messages": "bad_target",
        f"{V3}/rooms/{room}%2Fx/messages": "bad_target",
        f"{V3}//account/whoami": "bad_target",
    }
    with quiet_desk.tap.watched() as arrived:
        for target, code in cases.items():
            refused = await reader.app.call(reader.token, target)
            assert refused.told == (400, code, "M_INVALID_PARAM"), target
    assert arrived == []


async def test_a_room_of_strangers_stays_closed(quiet_desk: Desk, reader: Grant) -> None:
    """The gateway adds nothing to what the account may see: the homeserver's own no passes, filtered."""
    elsewhere = await quiet_desk.buyer.add_room(name="Phòng riêng (mẫu)")
    await quiet_desk.buyer.send_text(elsewhere, "chuyện riêng (mẫu)")
    refused = await reader.app.call(reader.token, f"{V3}/rooms/{elsewhere}/messages?dir=b")
    assert refused.status == 403
    assert refused.json["errcode"] == "M_FORBIDDEN"
    assert "chuyện riêng" not in refused.body.decode()


async def test_no_token_and_a_homeservers_token_are_refused(quiet_desk: Desk, reader: Grant) -> None:
    """The account's real Matrix token opens nothing at the gateway."""
    with quiet_desk.tap.watched() as arrived:
        foreign = await reader.app.call(quiet_desk.merchant.access_token, f"{V3}/joined_rooms")
        none = await reader.app.call("", f"{V3}/joined_rooms", headers={"Authorization": ""})
    assert foreign.told == (401, "invalid_token", "M_UNKNOWN_TOKEN")
    assert none.told == (401, "no_credential", "M_MISSING_TOKEN")
    assert arrived == []
