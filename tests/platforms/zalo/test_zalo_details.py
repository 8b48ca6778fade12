"""What an OA keeps about its followers, read and written through the gateway: each kind of data by its own scope."""

import json
from typing import Any
from urllib.parse import quote

import pytest

from gateway.records.apps.types import Basis
from gateway.sandbox.zalo.seeds import BAKERY
from tests.platforms.zalo.apps import app_with, trace_of
from tests.platforms.zalo.stage import AppCaller, Stage

UPDATE, UPDATE_CUSTOM = "/zalo/v3.0/oa/user/update", "/zalo/v3.0/oa/user/update/custominfo"
DELETE = "/zalo/v2.0/oa/deletefollowerinfo"
PERSON, OTHER = BAKERY.followers[4].user_id, BAKERY.followers[5].user_id
CONTACT = {"name": "Khách (mẫu)", "phone": "84000000177", "address": "9 Phố Mẫu", "user_dob": "1/2/1990"}
CUSTOM = {
    "hang_the": "vàng",
    "diem_number": 2500,
    "la_khach_boolean": True,
    "don_table": {"ma": "D1", "tien": "100000"},
}


def detail_of(person: str, **more: object) -> str:
    """Return the target that views a follower."""
    return f"/zalo/v3.0/oa/user/detail?data={quote(json.dumps({'user_id': person, **more}))}"


def custom_of(person: str, **more: object) -> str:
    """Return the target that views the OA's own fields about a follower."""
    return detail_of(person, **more).replace("/detail?", "/detail/custominfo?")


async def ask(app: AppCaller, target: str) -> Any:
    """Return the `data` of an answer that must be a success."""
    reply = await app.call(target)
    assert reply.json["error"] == 0, reply.body
    return reply.json["data"]


async def test_what_is_written_is_read_again(shared: Stage, everything: AppCaller) -> None:
    """Alias, customer id, contact and own fields come back from both ways of reading."""
    body = {"user_id": PERSON, "user_alias": "Cô Ba (mẫu)", "user_external_id": "KH-1", "shared_info": CONTACT}
    assert (await everything.call(UPDATE, "POST", json=body)).json == {"error": 0, "message": "Success"}
    custom = {"user_id": PERSON, "custom_info": CUSTOM, "gender": "Nữ", "full_address": {"user_city_id": "79"}}
    assert (await everything.call(UPDATE_CUSTOM, "POST", json=custom)).json == {"error": 0, "message": "Success"}
    detail = await ask(everything, detail_of(PERSON))
    assert (detail["user_alias"], detail["shared_info"]["phone"]) == ("Cô Ba (mẫu)", 84000000177)
    assert (detail["shared_info"]["user_dob"], detail["user_external_id"]) == ("1/2/1990", "KH-1")
    own = await ask(everything, custom_of(PERSON))
    assert own["custom_info"] == {
        "hang_the": "vàng",
        "diem_number": "2500",
        "la_khach_boolean": "true",
        "don_table": {"ma": "D1", "tien": "100000"},
    }
    system = {"name", "phone", "user_dob", "gender", "full_address", "user_external_id", "dynamic_param"}
    assert (set(own), own["user_external_id"]) == ({*system, "custom_info"}, "KH-1")
    assert own["full_address"]["user_city"] == "Nơi số 79 (mẫu)"


@pytest.mark.parametrize(
    "scope, shown",
    [
        ("name", {"name"}),
        ("phone", {"phone"}),
        ("address", {"full_address"}),
        ("birth", {"user_dob", "gender"}),
        ("custom", {"custom_info"}),
        ("code", {"user_external_id"}),
        ("source", {"dynamic_param"}),
    ],
)
async def test_each_kind_of_data_has_its_own_scope(shared: Stage, scope: str, shown: set[str]) -> None:
    """One answer holds five kinds of data; an app sees the one that was agreed to, and the trace counts the person."""
    app = await app_with(shared, f"zalo.follower.{scope}.read")
    reply = await app.call(custom_of(OTHER))
    assert set(reply.json["data"]) == shown
    _, ending = await trace_of(shared, reply)
    assert (ending.subjects, reply.headers["Quyen-Withheld"]) == (1, f'{ending.withheld}; reasons="scope"')


NOTED, CAME = BAKERY.followers[0], BAKERY.followers[1]
WRITTEN: list[tuple[str, str, dict[str, object]]] = [
    ("tag", NOTED.user_id, {"tags_and_notes_info": {"tag_names": ["Khách quen"]}}),
    ("note", NOTED.user_id, {"tags_and_notes_info": {"notes": ["Thích bánh ít ngọt (mẫu)"]}}),
    ("source", CAME.user_id, {"dynamic_param": "quay-1", "tags_and_notes_info": {}}),
    ("code", NOTED.user_id, {"user_external_id": "", "tags_and_notes_info": {}}),
    ("activity", CAME.user_id, {"user_last_interaction_date": "20/11/2026", "tags_and_notes_info": {}}),
]


@pytest.mark.parametrize("scope, person, shown", WRITTEN)
async def test_what_the_oa_wrote_of_somebody_has_scopes_of_its_own(
    shared: Stage, scope: str, person: str, shown: dict[str, object]
) -> None:
    """Tags, notes, the way they came and the shop's own id open one by one, for who has a basis and nobody else."""
    told = {name: value for name, value in shown.items() if value != {}}
    for basis in (Basis.CONTRACT, Basis.OWN_CONSENT):
        app = await app_with(shared, f"zalo.follower.{scope}.read", basis=basis)
        found = (await ask(app, detail_of(person))).items()
        about = {name: value for name, value in found if name not in {"user_id", "user_is_follower", "shared_info"}}
        assert {name: value for name, value in about.items() if value not in ({}, {"120": {}})} == (
            told if basis is Basis.CONTRACT else {}
        )


async def test_a_note_may_be_an_object(shared: Stage) -> None:
    """No source says what a note holds: whatever stands in one opens with the notes."""
    app = await app_with(shared, "zalo.follower.note.read")
    await shared.zalo.switch(notes="object")
    (note,) = (await ask(app, detail_of(NOTED.user_id)))["tags_and_notes_info"]["notes"]
    await shared.zalo.switch()
    assert (set(note), note["content"]) == ({"note_id", "content", "created_time"}, "Thích bánh ít ngọt (mẫu)")


async def test_an_address_may_be_a_text(shared: Stage, everything: AppCaller) -> None:
    """The docs do not say which; both forms pass."""
    await shared.zalo.switch(full_address="text")
    text = await ask(everything, custom_of(BAKERY.followers[0].user_id))
    await shared.zalo.switch()
    assert text["full_address"] == "Hà Nội, Quận Ba Đình, 12 ngõ Hoa Mẫu"


async def test_fields_to_export_narrows(shared: Stage, everything: AppCaller) -> None:
    """The list passes as a list, and Zalo answers what it names."""
    await everything.call(UPDATE_CUSTOM, "POST", json={"user_id": OTHER, "custom_info": {"a": "1", "b": "2"}})
    assert await ask(everything, custom_of(OTHER, fields_to_export=["b"])) == {"custom_info": {"b": "2"}}


@pytest.mark.parametrize("fields", ["name", [7], ["a b"], [["a"]], {"a": 1}, ["a"] * 101, None])
async def test_fields_to_export_is_a_list_of_names(shared: Stage, everything: AppCaller, fields: object) -> None:
    """Anything else is refused before Zalo sees it."""
    before = len(await shared.arrived())
    reply = await everything.call(custom_of(OTHER, fields_to_export=fields))
    assert (reply.status, reply.code) == (400, "bad_target")
    assert len(await shared.arrived()) == before


async def test_deleting_leaves_nothing_of_the_oas(shared: Stage, everything: AppCaller) -> None:
    """What the OA kept is gone; what the person is on Zalo stays."""
    person = BAKERY.followers[2]
    await everything.call(UPDATE, "POST", json={"user_id": person.user_id, "user_alias": "Quên (mẫu)"})
    assert (await everything.call(DELETE, "POST", json={"user_id": person.user_id})).json["error"] == 0
    detail = await ask(everything, detail_of(person.user_id))
    assert (detail["display_name"], detail["user_alias"], "shared_info" in detail) == (person.display_name, "", False)


ALIAS, CONTACTS, OWN = (f"zalo.follower.{one}.write" for one in ("alias", "contact", "custom"))
PARTS = [
    (UPDATE, ALIAS, {"shared_info": {"phone": "84000000178"}}),
    (UPDATE, ALIAS, {"user_alias": "x", "shared_info": {"name": "y"}}),
    (UPDATE, CONTACTS, {"user_alias": "x"}),
    (UPDATE, CONTACTS, {"user_external_id": "x"}),
    (UPDATE_CUSTOM, ALIAS, {"custom_info": {"a": "b"}}),
    (UPDATE_CUSTOM, ALIAS, {"full_address": {"user_address": "x"}}),
    (UPDATE_CUSTOM, CONTACTS, {"custom_info": {"a": {"b": "c"}}}),
    (UPDATE_CUSTOM, CONTACTS, {"user_external_id": "x"}),
    (UPDATE_CUSTOM, OWN, {"name": "x"}),
    (UPDATE_CUSTOM, OWN, {"gender": "Nam"}),
]


@pytest.mark.parametrize("path, scope, part", PARTS)
async def test_a_write_may_carry_only_what_was_agreed(
    shared: Stage, path: str, scope: str, part: dict[str, object]
) -> None:
    """A scope that opens the route does not cover its other parts; nothing is forwarded, not even the rest."""
    app = await app_with(shared, scope)
    before = len(await shared.arrived())
    reply = await app.call(path, "POST", json={"user_id": PERSON, **part})
    assert (reply.status, reply.code) == (403, "insufficient_scope")
    assert len(await shared.arrived()) == before


@pytest.mark.parametrize(
    "path, part",
    [
        (UPDATE, {"shared_info": {"email": "a@b.example"}}),
        (UPDATE, {"shared_info": {"city_id": "79"}}),
        (UPDATE, {"shared_info": {"city_id": -1}}),
        (UPDATE, {"shared_info": {"user_dob": "1990-01-01"}}),
        (UPDATE, {"shared_info": "x"}),
        (UPDATE, {"user_alias": "x" * 256}),
        (UPDATE, {"is_sensitive": False}),
        (UPDATE_CUSTOM, {"gender": "nam"}),
        (UPDATE_CUSTOM, {"custom_info": {"a b": "c"}}),
        (UPDATE_CUSTOM, {"custom_info": {"a": {"b": {"c": "d"}}}}),
        (UPDATE_CUSTOM, {"custom_info": {"a": {str(n): "x" for n in range(6)}}}),
        (UPDATE_CUSTOM, {"custom_info": {"a": ["b"]}}),
        (UPDATE_CUSTOM, {"full_address": {"user_city_id": "07"}}),
    ],
)
async def test_forms_are_held_to(shared: Stage, everything: AppCaller, path: str, part: dict[str, object]) -> None:
    """Unlisted members, other types, other spellings and deeper tables are refused before Zalo sees them."""
    before = len(await shared.arrived())
    reply = await everything.call(path, "POST", json={"user_id": PERSON, **part})
    assert (reply.status, reply.code) == (400, "bad_body")
    assert len(await shared.arrived()) == before
