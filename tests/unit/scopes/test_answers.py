"""What of a platform's answer an app sees, on the answers that the platforms give."""

import json
from typing import Any

import pytest

from scopes import Answer, AnswerMalformed, Catalogue

NAME, PHONE, ADDRESS = "zalo.follower.name.read", "zalo.follower.phone.read", "zalo.follower.address.read"
READ = "zalo.message.read"

DETAIL: dict[str, Any] = {
    "data": {
        "user_id": "123",
        "user_id_by_app": "987",
        "user_external_id": "KH-84000000001",
        "display_name": "Khách Một (mẫu)",
        "user_alias": "chị Một (mẫu)",
        "is_sensitive": True,
        "user_last_interaction_date": "04/10/2025",
        "user_is_follower": True,
        "avatar": "https://img.example/a",
        "avatars": {"120": "https://img.example/120", "240": "https://img.example/240", "480": "x"},
        "dynamic_param": "ref",
        "tags_and_notes_info": {"notes": ["nợ 2 đơn"], "tag_names": ["khách quen"]},
        "shared_info": {
            "address": "1 Phố Mẫu",
            "city": "Hà Nội",
            "district": "Ba Đình",
            "phone": 84000000001,
            "name": "Nguyễn Thị Một (mẫu)",
            "user_dob": "31/12/1999",
        },
    },
    "error": 0,
    "message": "Success",
}
ROW: dict[str, Any] = {
    "src": 1,
    "time": 1700000000000,
    "type": "text",
    "message": "xin chào :)",
    "message_id": "63ec",
    "from_id": "123",
    "to_id": "4000000000000001",
    "from_display_name": "Khách Một (mẫu)",
    "from_avatar": "https://img.example/a",
    "to_display_name": "Tiệm Bánh (mẫu)",
    "to_avatar": "https://img.example/oa",
    "links": [{"title": "t", "url": "u", "thumb": "h", "description": "d", "owner": "x"}],
}


def shown(answer: Answer, document: object, *scopes: str) -> Any:
    """Filter a document with these scopes open."""
    return json.loads(answer.filter(json.dumps(document).encode(), scopes).body)


@pytest.fixture(scope="module")
def detail(packaged: Catalogue) -> Answer:
    """The answer of user/detail."""
    return packaged.platforms["zalo"].routes["view_follower"].answer


@pytest.fixture(scope="module")
def chats(packaged: Catalogue) -> Answer:
    """The answer of listrecentchat."""
    return packaged.platforms["zalo"].routes["list_recent_chats"].answer


def test_each_scope_opens_its_fields_only(detail: Answer) -> None:
    """Name, phone and address are three items; each shows its own and nothing else of the person."""
    always = {"user_id": "123", "user_is_follower": True}
    assert shown(detail, DETAIL, PHONE)["data"] == {**always, "shared_info": {"phone": 84000000001}}
    assert shown(detail, DETAIL, ADDRESS)["data"] == {
        **always,
        "shared_info": {"address": "1 Phố Mẫu", "city": "Hà Nội", "district": "Ba Đình"},
    }
    assert shown(detail, DETAIL, NAME)["data"] == {
        **always,
        "display_name": "Khách Một (mẫu)",
        "user_alias": "chị Một (mẫu)",
        "avatar": "https://img.example/a",
        "avatars": {"120": "https://img.example/120", "240": "https://img.example/240"},
        "shared_info": {"name": "Nguyễn Thị Một (mẫu)"},
    }


def test_what_no_scope_describes_never_passes(detail: Answer, packaged: Catalogue) -> None:
    """The age flag, another id of the person and a member that nobody declared stay out whatever is held."""
    body = detail.filter(json.dumps(DETAIL).encode(), packaged.scopes).body.decode()
    for word in ("987", "is_sensitive", "480"):
        assert word not in body


def test_a_birth_date_has_its_own_scope(detail: Answer) -> None:
    """It passes with the scope that tells about it, and with no other."""
    birth = "zalo.follower.birth.read"
    assert shown(detail, DETAIL, birth)["data"]["shared_info"] == {"user_dob": "31/12/1999"}
    assert "1999" not in str(shown(detail, DETAIL, NAME, PHONE, ADDRESS, READ))


def test_no_scope_shows_nothing(detail: Answer) -> None:
    """Without an opening scope even what is marked `any` is closed."""
    assert shown(detail, DETAIL, READ, "zalo.tag.read") == {}


def test_phone_passes_as_number_string_or_not_at_all(detail: Answer) -> None:
    """Zalo writes a phone as a number, as 0 when not given, as a string in its documents, or leaves the object out."""
    for phone in (0, 84000000001, "84000000001", ""):
        document = {"data": {"user_id": "1", "shared_info": {"phone": phone}}, "error": 0}
        assert shown(detail, document, PHONE)["data"]["shared_info"] == {"phone": phone}
    assert shown(detail, {"data": {"user_id": "1"}, "error": 0}, PHONE)["data"] == {"user_id": "1"}
    assert shown(detail, {"data": {"user_id": "1", "shared_info": None}, "error": 0}, PHONE)["data"] == {
        "user_id": "1",
        "shared_info": None,
    }


def test_text_passes_without_the_sender(chats: Answer) -> None:
    """A message scope alone shows text and ids; names and pictures of who wrote need the name scope."""
    document = {"data": [ROW], "error": 0, "message": "Success"}
    (row,) = shown(chats, document, READ)["data"]
    assert row["message"] == "xin chào :)"
    assert not [name for name in row if "name" in name or "avatar" in name]
    assert row["links"] == [{"title": "t", "url": "u", "thumb": "h", "description": "d"}]
    assert shown(chats, document, READ, NAME)["data"][0]["from_display_name"] == "Khách Một (mẫu)"
    assert shown(chats, document, NAME) == {}


def test_message_without_basis_is_left_out(chats: Answer) -> None:
    """Where one of the two people of a message has no basis, it is not there at all: that they wrote is theirs."""
    body = json.dumps({"data": [ROW], "error": 0}).encode()
    opened = chats.open(body, {READ, NAME})
    assert opened.subjects == ("123", "4000000000000001")
    assert json.loads(opened.render({"4000000000000001"}).body)["data"] == []
    named = {NAME: {"123", "4000000000000001"}, READ: {"4000000000000001"}}
    assert json.loads(chats.open(body, {READ, NAME}).render(named).body)["data"] == []
    assert b"xin" in chats.open(body, {READ}).render({"123", "4000000000000001"}).body


@pytest.mark.parametrize("broken", [{"to_id": None}, {"from_id": None}, {"from_id": 1.5}, {"from_id": ""}])
def test_message_whose_people_cannot_be_told_rests_on_nobody(chats: Answer, broken: dict[str, Any]) -> None:
    """A row that does not say who both people are shows no text, however many of them have a basis."""
    if isinstance(broken.get("from_id"), float):
        with pytest.raises(AnswerMalformed):
            chats.open(json.dumps({"data": [ROW | broken], "error": 0}).encode(), {READ})
        return
    body = json.dumps({"data": [ROW | broken], "error": 0}).encode()
    assert b"xin" not in chats.open(body, {READ}).render({"123", "4000000000000001"}).body
    row = {name: one for name, one in ROW.items() if name not in broken}
    body = json.dumps({"data": [row], "error": 0}).encode()
    assert b"xin" not in chats.open(body, {READ}).render({"123", "4000000000000001"}).body


@pytest.mark.parametrize("code", [-216, -201, "-32", 1, "00", 404])
def test_failure_shows_only_the_platforms_words(detail: Answer, code: object) -> None:
    """Whatever else stands in a failed answer, only error and message pass, and no person is counted."""
    filtered = detail.filter(json.dumps({**DETAIL, "error": code, "message": "no", "extra": 1}).encode(), {PHONE})
    assert json.loads(filtered.body) == {"error": code, "message": "no"}
    assert (filtered.subjects, filtered.count) == ((), 0)


@pytest.mark.parametrize("code", [None, True, False, 0.0, [], {}, "missing"])
def test_answer_that_says_neither_is_malformed(detail: Answer, code: object) -> None:
    """Success is the code 0; anything that is no code at all is not passed on."""
    document = {**DETAIL, "error": code}
    if code == "missing":
        del document["error"]
    with pytest.raises(AnswerMalformed):
        detail.filter(json.dumps(document).encode(), {PHONE})


def test_failure_with_an_object_as_message_is_malformed(detail: Answer) -> None:
    """The words of a failure are words."""
    with pytest.raises(AnswerMalformed):
        detail.filter(b'{"error":-1,"message":{"phone":"84000000001"}}', {PHONE})


def test_rows_and_people_are_counted(packaged: Catalogue) -> None:
    """The trace counts rows of a list, one for one thing; people are named once each."""
    routes = packaged.platforms["zalo"].routes
    users = {"data": {"total": 2, "count": 2, "offset": 0, "users": [{"user_id": "1"}, {"user_id": 2}]}, "error": 0}
    filtered = routes["list_followers"].answer.filter(json.dumps(users).encode(), {PHONE})
    assert (filtered.subjects, filtered.count) == (("1", "2"), 2)
    chats = {"data": [ROW, ROW], "error": 0}
    filtered = routes["list_recent_chats"].answer.filter(json.dumps(chats).encode(), {READ})
    assert (filtered.subjects, filtered.count) == (("123", "4000000000000001"), 2)
    me = {"data": {"oa_id": "4", "name": "Tiệm (mẫu)"}, "error": 0}
    filtered = routes["getoa"].answer.filter(json.dumps(me).encode(), {"zalo.profile.read"})
    assert (filtered.subjects, filtered.count) == ((), 1)
    tags = routes["list_tags"].answer.filter(b'{"data":["a","b","c"],"error":0}', {"zalo.tag.read"})
    assert (json.loads(tags.body)["data"], tags.count) == (["a", "b", "c"], 3)


def test_withheld_is_counted_by_declaration(detail: Answer) -> None:
    """The count of withheld members is a property of route and scopes, the same for every person (I10)."""
    others = {f"zalo.follower.{one}.read" for one in ("birth", "code", "tag", "note", "source", "activity")}
    assert detail.declared_withheld({NAME, PHONE, ADDRESS, *others}) == 0
    assert detail.declared_withheld({NAME, ADDRESS, *others}) == 1
    assert detail.declared_withheld({NAME, *others} - {"zalo.follower.birth.read"}) == 5


def test_masked_value_stands_whatever_the_platform_said(shop: Catalogue) -> None:
    """A `masked_as` value is there for every person alike, so its presence tells nothing (I10)."""
    answer = shop.platforms["shop"].routes["list_people"].answer
    people = [
        {"id": "1", "name": "A", "contact": {"phone": 84000000001, "note": "x"}},
        {"id": "2", "name": "B", "contact": None},
        {"id": "3", "name": "C"},
    ]
    kept = shown(answer, {"people": people, "total": 3}, "shop.name.read")
    assert [one["contact"] for one in kept["people"]] == [{"phone": 0}] * 3
    assert kept["secret"] == "hidden"


def test_person_without_basis_is_masked_as_declared(shop: Catalogue) -> None:
    """Members that rest on a person are left out, or stand as their `masked_as`, until that person has a basis."""
    answer = shop.platforms["shop"].routes["list_people"].answer
    person = {"minor": False, "name": "A", "vip": True, "nicknames": ["a"], "contact": {"phone": 5, "note": "n"}}
    people = [{"id": "1", **person}, {"id": 2, **person}, person]
    body = json.dumps({"people": people, "by_id": {"1": {"name": "A", "open": "o"}, "2": {"name": "B"}}}).encode()
    opened = answer.open(body, {"shop.name.read", "shop.phone.read"})
    assert opened.subjects == ("1", "2")
    kept = json.loads(opened.render({"2"}).body)
    masked = {"vip": False, "contact": {"phone": 0}, "extra": {}}
    del person["minor"]
    assert kept["people"] == [{"id": "1", **masked}, {"id": 2, **person}, masked]
    assert kept["by_id"] == {"1": {"open": "o"}, "2": {"name": "B"}}


def test_basis_of_one_scope_opens_that_scope_alone(detail: Answer) -> None:
    """A person who agreed to one thing shows that; what another ask opens stays withheld, also beside it."""
    body = json.dumps({"error": 0, "data": DETAIL["data"] | {"is_sensitive": False}}).encode()
    opened = detail.open(body, {NAME, PHONE})
    assert opened.rests_on_people
    shown = json.loads(opened.render({PHONE: {"123"}}).body)["data"]
    assert shown["shared_info"] == {"phone": DETAIL["data"]["shared_info"]["phone"]}
    assert shown.keys() == {"user_id", "user_is_follower", "shared_info"}
    assert "shared_info" not in json.loads(detail.open(body, {NAME, PHONE}).render({PHONE: {"9"}}).body)["data"]


FLAGS: tuple[Any, ...] = (True, "true", "false", 1, 0, {}, None)


@pytest.mark.parametrize("said", [*({"is_sensitive": flag} for flag in FLAGS), {}])
def test_who_is_not_called_of_age_is_masked_whatever_the_basis(detail: Answer, said: dict[str, Any]) -> None:
    """Unless the platform says no, in a boolean that stands there, nothing of theirs passes; the mark never does."""
    data = {name: one for name, one in DETAIL["data"].items() if name != "is_sensitive"}
    body = json.dumps({"error": 0, "data": data | said}).encode()
    shown = json.loads(detail.open(body, {NAME, PHONE}).render({NAME: {"123"}, PHONE: {"123"}}).body)
    assert shown["data"] == {"user_id": "123", "user_is_follower": True}


def test_who_is_called_of_age_is_shown(detail: Answer) -> None:
    """A no leaves the basis to decide."""
    body = json.dumps({"error": 0, "data": DETAIL["data"] | {"is_sensitive": False}}).encode()
    shown = json.loads(detail.open(body, {PHONE}).render({"123"}).body)
    assert shown["data"].keys() == {"user_id", "user_is_follower", "shared_info"}


def test_members_that_rest_on_people_are_counted_by_declaration(detail: Answer) -> None:
    """What each person is asked for is counted as the route declares it, the same for every person (I10)."""
    assert detail.declared_resting({NAME, PHONE}, {PHONE}) == 1
    assert detail.declared_resting({NAME, PHONE}, {NAME, PHONE, ADDRESS}) == 7
    assert detail.declared_resting({NAME, PHONE}, set()) == 0


def test_content_of_unlisted_events_is_empty(packaged: Catalogue) -> None:
    """Of an event whose type is not listed only the envelope passes, also where its content borrows listed names."""
    answer = packaged.platforms["matrix"].routes["list_messages"].answer
    envelope = {"sender": "@b:h", "event_id": "$1", "origin_server_ts": 1, "room_id": "!r:h"}
    content = {"msgtype": "m.text", "body": "x", "displayname": "B (mẫu)", "m.new_content": {"body": "y", "extra": 1}}
    kinds = ["m.room.message", "m.room.member", "m.room.encrypted", "com.example.order", None]
    chunk = [
        {**envelope, "type": kind, "content": content, "unsigned": {"age": 1}, "state_key": "@b:h"} for kind in kinds
    ]
    kept = shown(answer, {"chunk": chunk, "state": chunk, "start": "s", "end": "e"}, "matrix.message.read")
    assert kept.keys() == {"chunk", "start", "end"}
    assert kept["chunk"][0] == {
        **envelope,
        "type": "m.room.message",
        "content": {"msgtype": "m.text", "body": "x", "m.new_content": {"body": "y"}},
    }
    assert [one["content"] for one in kept["chunk"][1:]] == [{}] * 4


def test_members_without_basis_keep_their_ids_only(packaged: Catalogue) -> None:
    """Members of a room are keyed by their ids; names and pictures rest on each of them."""
    answer = packaged.platforms["matrix"].routes["list_members"].answer
    joined = {"@a:h": {"display_name": "A (mẫu)", "avatar_url": None}, "@b:h": {"display_name": "B (mẫu)", "x": 1}}
    opened = answer.open(json.dumps({"joined": joined}).encode(), {"matrix.room.read"})
    assert (opened.subjects, opened.count) == (("@a:h", "@b:h"), 2)
    assert json.loads(opened.render({"@a:h"}).body) == {"joined": {"@a:h": joined["@a:h"], "@b:h": {}}}


def test_room_names_rest_on_no_one(packaged: Catalogue) -> None:
    """A room's name is not one person's data: it passes without anyone's own basis."""
    answer = packaged.platforms["matrix"].routes["view_room_name"].answer
    assert answer.open(b'{"name":"x","y":1}', {"matrix.room.read"}).render(set()).body == b'{"name":"x"}'


def test_matrix_failure_shows_listed_words(packaged: Catalogue) -> None:
    """A failure by status passes errcode and error and what a client needs to slow down."""
    answer = packaged.platforms["matrix"].routes["whoami"].error_answer
    assert answer is not None
    body = b'{"errcode":"M_LIMIT_EXCEEDED","error":"e","retry_after_ms":2391,"session":"s"}'
    assert json.loads(answer.filter(body, ()).body) == {
        "errcode": "M_LIMIT_EXCEEDED",
        "error": "e",
        "retry_after_ms": 2391,
    }


def test_file_answers_are_held_to_their_type(packaged: Catalogue) -> None:
    """A download passes as what the route lists; what a browser would run does not, and it is never read as JSON."""
    answer = packaged.platforms["matrix"].routes["download_media"].answer
    answer.check_media_type("image/png")
    answer.check_media_type("text/plain; charset=iso-8859-1")
    for content_type in (
        "text/html",
        "image/svg+xml",
        "application/xhtml+xml",
        "text/xml",
        None,
        "image/png, text/html",
    ):
        with pytest.raises(AnswerMalformed):
            answer.check_media_type(content_type)
    with pytest.raises(AnswerMalformed):
        answer.filter(b"{}", {"matrix.media.read"})
