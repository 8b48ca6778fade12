"""An ask narrowed to rooms, at the proxy: calls about those rooms pass, nothing else does, however it is spelled."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from gateway.acts.decide import DURATIONS, Answer, decide
from gateway.acts.open_request import Asked, open_request
from gateway.acts.redeem import Redemption, redeem
from gateway.acts.show_request import show_request
from gateway.terms.ids import AskId
from gateway.terms.resources import Details
from scopes import Catalogue, load_catalogue
from scopes.loading import PACKAGED
from tests.house import CHALLENGE, REDIRECT_URI, VERIFIER
from tests.platforms.matrix.homeserver import ROOM
from tests.platforms.matrix.test_matrix_calls import TEXT, MatrixStage, matrix_stage

OTHER = "!other:localhost"
API = "/matrix/_matrix/client/v3"
ELSEWHERE = (403, "resource_not_granted")
REPORT = """
  - id: report
    method: POST
    path: /_matrix/client/v3/report
    opened_by: [matrix.message.send]
    kind: write
    sentence: {vi: báo cáo, en: reported}
    request_headers: [accept, content-type]
    query:
      keys:
        about: {type: string, format: matrix_room_id, resource: room}
    body:
      fields:
        room_id: {type: string, format: matrix_room_id, resource: room}
        rooms: {items: {type: string, format: matrix_room_id, resource: room}}
        reason: {type: string}
    answer: {fields: {}}
"""


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    """Return the shipped catalogue with one more route, which names rooms in its query and its body."""
    folder = tmp_path_factory.mktemp("catalogue")
    (folder / "matrix.yaml").write_text((PACKAGED / "matrix.yaml").read_text() + REPORT)
    return load_catalogue(folder)


@pytest.fixture
async def matrix(tmp_path: Path, catalogue: Catalogue) -> AsyncIterator[MatrixStage]:
    """Yield a stage whose app holds sending and seeing rooms in one room alone, and the profile."""
    async with matrix_stage(tmp_path, catalogue=catalogue) as stage:
        stage.stage.app.token = await narrowed_token(stage)
        yield stage


async def narrowed_token(matrix: MatrixStage, details: Details | None = None) -> str:
    """Let the owner decide everything anew, narrowed to the one room; return the token."""
    scene = matrix.stage.scene
    rooms = {AskId("send"): frozenset({ROOM}), AskId("rooms"): frozenset({ROOM})}
    asks = (AskId("profile"), AskId("rooms"), AskId("send"))
    asked = Asked(scene.app.id, asks, REDIRECT_URI, "s", CHALLENGE, details=Details(rooms))
    request = await open_request(scene.house, asked)
    await show_request(scene.house, request.id, scene.owner.id)
    answer = Answer(scene.owner.id, scene.account.id, frozenset(asks), DURATIONS["P30D"], "Chữ (mẫu)", "vi")
    decided = await decide(scene.house, request.id, answer)
    redemption = Redemption(scene.app, str(decided.raw_code), VERIFIER, REDIRECT_URI, details=details)
    token: str = json.loads(await redeem(scene.house, redemption))["access_token"]
    return token


async def send(matrix: MatrixStage, room: str) -> Any:
    """Send a message to a room."""
    return await matrix.call(f"{API}/rooms/{room}/send/m.room.message/t1", "PUT", json=TEXT)


@pytest.mark.parametrize("room", [ROOM, "%21room%3Alocalhost", "!room:%6cocalhost"])
async def test_a_room_of_the_list_passes(matrix: MatrixStage, room: str) -> None:
    """However it is spelled; what goes out names it anew."""
    assert (await send(matrix, room)).status == 200
    assert matrix.list_paths() == ["/_matrix/client/v3/rooms/%21room%3Alocalhost/send/m.room.message/t1"]


@pytest.mark.parametrize(
    "room, told",
    [
        (OTHER, ELSEWHERE),
        ("%21other%3Alocalhost", ELSEWHERE),
        ("!Room:localhost", ELSEWHERE),
        ("!room:LOCALHOST", ELSEWHERE),
        ("!room:localhost.", ELSEWHERE),
        ("!room", ELSEWHERE),
        ("!room:localhost:443", ELSEWHERE),
        ("%23room:localhost", (400, "bad_target")),
        ("!room:localhost%2F", (400, "bad_target")),
        ("!room:localhost%20", (400, "bad_target")),
        ("!room:localhost%00", (400, "bad_target")),
        ("!room:localhost%2521", (400, "bad_target")),
        ("!other:localhost/../!room:localhost", (400, "bad_target")),
        ("!room:localhost;!other:localhost", (400, "bad_target")),
        ("!room:localhost,!other:localhost", (400, "bad_target")),
    ],
)
async def test_no_spelling_reaches_another_room(matrix: MatrixStage, room: str, told: tuple[int, str]) -> None:
    """Ids are compared byte for byte after one decoding; an alias is no id; nothing is sent."""
    reply = await send(matrix, room)
    assert (reply.status, reply.code) == told
    assert matrix.list_paths() == []


async def test_every_route_that_names_a_room_is_held_to_it(matrix: MatrixStage, catalogue: Catalogue) -> None:
    """For each shipped route on a narrowed scope: another room is refused before anything is sent."""
    routes = [route for route in catalogue.platforms["matrix"].routes.values() if route.narrowed_by]
    opened = {"matrix.room.read", "matrix.message.send"}
    held = [route for route in routes if route.opened_by & opened and route.id != "report"]
    values = {"room_id": OTHER, "event_id": "$e", "txn_id": "t", "user_id": "@tiem-mau:localhost"}
    assert {route.id for route in held} >= {"list_members", "send_message", "redact", "show_typing", "mark_read"}
    for route in held:
        target = route.templates[0].fill({**values, "receipt_type": "m.read"})
        reply = await matrix.call(f"/matrix{target}", route.method)
        assert (route.id, reply.status, reply.code) == (route.id, *ELSEWHERE)
    assert matrix.list_paths() == []


async def test_a_route_over_all_rooms_is_closed(matrix: MatrixStage) -> None:
    """The list of rooms names none, so a permission for some does not open it; the profile stays open."""
    reply = await matrix.call(f"{API}/joined_rooms")
    assert (reply.status, reply.code, reply.json["errcode"]) == (*ELSEWHERE, "M_FORBIDDEN")
    assert (await matrix.call(f"{API}/account/whoami")).status == 200


REPORTS: dict[str, tuple[str, dict[str, Any], bool]] = {
    "the room": ("", {"room_id": ROOM}, True),
    "the room in the query": (f"?about={ROOM}", {"reason": "x"}, True),
    "the room everywhere": (f"?about={ROOM}", {"room_id": ROOM, "rooms": [ROOM, ROOM]}, True),
    "another": ("", {"room_id": OTHER}, False),
    "another in the query": (f"?about={OTHER}", {"room_id": ROOM}, False),
    "another in the query, encoded": ("?about=%21other%3Alocalhost", {"room_id": ROOM}, False),
    "another in a list": ("", {"room_id": ROOM, "rooms": [ROOM, OTHER]}, False),
    "another in the body beside the query": (f"?about={ROOM}", {"room_id": OTHER}, False),
    "none": ("", {"reason": "x"}, False),
    "an empty list": ("", {"rooms": []}, False),
}


@pytest.mark.parametrize("name", REPORTS)
async def test_a_room_in_the_query_or_the_body(matrix: MatrixStage, name: str) -> None:
    """All that a call names counts, wherever it stands; a call that names none is about every room."""
    query, body, is_open = REPORTS[name]
    reply = await matrix.call(f"{API}/report{query}", "POST", json=body)
    if is_open:
        assert (reply.status, reply.json["errcode"]) == (404, "M_UNRECOGNIZED")  # the stand-in's own answer
    else:
        assert (reply.status, reply.code) == ELSEWHERE
    assert len(matrix.list_paths()) == is_open


async def test_a_room_twice_in_a_body_or_query_is_not_one(matrix: MatrixStage) -> None:
    """What two parsers could read differently is refused."""
    raw = b'{"room_id":"!room:localhost","room_id":"!other:localhost"}'
    headers = {"Authorization": f"Bearer {matrix.stage.app.token}", "Content-Type": "application/json"}
    reply = await matrix.call(f"{API}/report", "POST", data=raw, headers=headers)
    assert (reply.status, reply.code) == (400, "bad_body")
    reply = await matrix.call(f"{API}/report?about={ROOM}&about={OTHER}", "POST", json={"room_id": ROOM})
    assert (reply.status, reply.code) == (400, "bad_target")
    assert matrix.list_paths() == []


async def test_a_token_for_less_is_held_to_less(matrix: MatrixStage) -> None:
    """One that the app asked for without rooms to see reaches none, whatever its grant holds."""
    matrix.stage.app.token = await narrowed_token(matrix, Details({AskId("send"): frozenset({ROOM})}))
    assert (await send(matrix, ROOM)).status == 200
    reply = await matrix.call(f"{API}/rooms/{ROOM}/joined_members")
    assert (reply.status, reply.code) == (403, "insufficient_scope")


async def test_the_refusal_stands_in_the_trace(matrix: MatrixStage) -> None:
    """With the ask that would have opened it, and without the room."""
    await send(matrix, OTHER)
    lines = await matrix.stage.list_lines()
    assert lines[0].ending is not None
    assert (lines[0].ending.reason, lines[0].line.ask_ids) == ("resource_not_granted", ("send",))
