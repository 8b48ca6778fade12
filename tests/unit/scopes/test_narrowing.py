"""What a catalogue file says of resources is whole: nothing that names one goes unsaid, no scope narrows to nothing."""

from pathlib import Path

import pytest

from scopes import Catalogue, check, load_catalogue
from scopes.loading import PACKAGED

MATRIX = (PACKAGED / "matrix.yaml").read_text()
ROOM, ELSE = "!room:localhost", "!else:localhost"
MESSAGES = f"/_matrix/client/v3/rooms/{ROOM}/messages"
SEND = f"/_matrix/client/v3/rooms/{ROOM}/send/m.room.message/t1"

BROKEN = {
    "an unknown kind": ("room_id: {format: matrix_room_id, resource: room}", "room_id: {resource: hall}", "hall"),
    "the id of another form": (
        "user_id: {format: matrix_user_id, names_account: true}",
        "user_id: {format: matrix_user_id, resource: room}",
        "is a string of format matrix_room_id",
    ),
    "an id that does not say so, in a path": (
        "room_id: {format: matrix_room_id, resource: room}",
        "room_id: {format: matrix_room_id}",
        "names a room, and does not say so",
    ),
    "an id that does not say so, in a query": (
        "to: {format: opaque_token, max_length: 512}",
        "to: {format: matrix_room_id}",
        "names a room, and does not say so",
    ),
    "an id that does not say so, deep in a body": (
        "user_ids: {most_items: 50, items: {type: string, format: matrix_user_id}}",
        "user_ids: {most_items: 50, items: {any_of: [{fields: {in: {type: string, format: matrix_room_id}}}]}}",
        "names a room, and does not say so",
    ),
    "a kind that is no form": (
        "    format: matrix_room_id\n",
        "    format: matrix_hall\n",
        "no such format: matrix_hall",
    ),
    "a kind without use": (
        "  room:\n",
        "  user: {format: matrix_user_id, only: {vi: Chỉ, en: Only}}\n  room:\n",
        "no scope is narrowed by it",
    ),
    "a scope narrowed by nothing known": (
        "    narrowed_by: room\n",
        "    narrowed_by: hall\n",
        "no such kind of resource: hall",
    ),
    "a scope that could open nothing": (
        "id: matrix.profile.read\n    version: 1\n",
        "id: matrix.profile.read\n    version: 1\n    narrowed_by: room\n",
        "no route that it opens names such a resource",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_not_whole_is_a_problem(tmp_path: Path, name: str) -> None:
    """Each is named, and `quyen scopes check` refuses the file."""
    old, new, told = BROKEN[name]
    assert old in MATRIX
    (tmp_path / "matrix.yaml").write_text(MATRIX.replace(old, new, 1))
    assert any(told in problem.message for problem in check(tmp_path))


def named(
    catalogue: Catalogue, target: str, method: str = "GET", body: bytes | None = None
) -> dict[str, frozenset[str]]:
    """Return what a call names."""
    path, _, query = target.partition("?")
    return catalogue.match("matrix", method, path).resources_named(query, body)


def test_what_a_call_names() -> None:
    """For each scope that may be narrowed; nothing where none may be, or where the answer may be of another room."""
    catalogue = load_catalogue()
    assert named(catalogue, MESSAGES) == {"matrix.message.read": {ROOM}}
    assert named(catalogue, SEND, "PUT") == {"matrix.message.send": {ROOM}}
    assert named(catalogue, "/_matrix/client/v3/joined_rooms") == {"matrix.room.read": frozenset()}
    assert named(catalogue, "/_matrix/client/v3/account/whoami") == {}
    assert named(catalogue, f"/_matrix/client/v3/rooms/{ROOM}/event/$e") == {}
    assert named(catalogue, f"/_matrix/client/v3/rooms/{ROOM}/context/$e") == {}


def test_what_a_query_and_a_body_name(tmp_path: Path) -> None:
    """All of it counts, beside what the path names; a query that is malformed names nothing."""
    text = MATRIX.replace("to: {format: opaque_token, max_length: 512}", "to: {format: matrix_room_id, resource: room}")
    text = text.replace(
        "thread_id: {type: string, max_length: 255}",
        "thread_id: {type: string, format: matrix_room_id, resource: room}",
    )
    (tmp_path / "matrix.yaml").write_text(text)
    catalogue = load_catalogue(tmp_path)
    assert named(catalogue, f"{MESSAGES}?to=%21else%3Alocalhost") == {"matrix.message.read": {ROOM, ELSE}}
    assert named(catalogue, f"{MESSAGES}?to={ELSE}&to={ROOM}") == {"matrix.message.read": {ROOM}}
    receipt = f"/_matrix/client/v3/rooms/{ROOM}/receipt/m.read/$e"
    body = b'{"thread_id":"!else:localhost"}'
    assert named(catalogue, receipt, "POST", body) == {"matrix.message.send": {ROOM, ELSE}}
    routes = catalogue.platforms["matrix"].routes
    assert [name for name, route in routes.items() if route.has_resources_in_body] == ["mark_read"]


def test_which_kind_a_scope_is_narrowed_by() -> None:
    """Rooms, for what is about rooms; of nothing else is anything known."""
    catalogue = load_catalogue()
    kind = catalogue.find_kind("matrix.message.read")
    assert kind is not None
    assert (kind.is_id(ROOM), kind.is_id("#room:localhost"), kind.is_id(f"{ROOM} ")) == (True, False, False)
    assert [catalogue.find_kind(each) for each in ("matrix.profile.read", "zalo.message.read", "x")] == [None] * 3
