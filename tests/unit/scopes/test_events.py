"""Events of the catalogue: known by the platform's name, filtered as answers are, refused where they are broken."""

from collections.abc import Callable
from pathlib import Path

import orjson
import pytest

from scopes import AnswerMalformed, Catalogue, CatalogueError, check, load_catalogue

Write = Callable[[str], Path]
TO_SELF = """    to_self:
      name: {vi: Đặt cho bạn, en: Order for you}
      explanation: {vi: Đặt cho bạn., en: Order for you.}
      can: [{vi: Đặt cho bạn, en: Order for you}]
      cannot: [{vi: Không hủy, en: Cannot cancel}]
"""
EVENTS = """
events:
  - id: visited
    names: [visit, come]
    opened_by: [shop.name.read]
    sentence: {vi: được báo có người tới, en: was told that someone came}
    accounts: [shop.id]
    subjects: ["people[].id", by]
    fields:
      kind: {type: string, scope: any}
      name: {type: string, scope: shop.name.read}
"""
BROKEN = {
    "an event without a scope": ("opened_by: [shop.name.read]", "opened_by: []"),
    "an event whose scope is not described": ("opened_by: [shop.name.read]", "opened_by: [shop.x.read]"),
    "an event without a name": ("names: [visit, come]", "names: []"),
    "a name that stands twice": ("names: [visit, come]", "names: [visit, visit]"),
    "an event with the id of a route": ("id: visited", "id: view_me"),
    "a field without a scope": ("kind: {type: string, scope: any}", "kind: {type: string}"),
    "a field on people that names nobody": ('subjects: ["people[].id", by]', "subjects: []"),
    "an end of consent that not every app about people hears": ("id: visited", "id: visited\n    ends_consent: true"),
    "an end of nobody's consent": ('subjects: ["people[].id", by]', "ends_consent: true"),
    "a sentence without English": (", en: was told that someone came", ""),
}


@pytest.mark.parametrize("one, is_right", [("come", False), ("kind", True), ("left", True)])
def test_an_event_that_is_told_is_not_left_out(shop_yaml: str, write: Write, one: str, *, is_right: bool) -> None:
    """What stands among the events and among those that are told to nobody is a mistake, by file and line."""
    left_out = f"left_out: [{{events: [{one}], reason: Closed.}}]\n"
    problems = [str(each) for each in check(write(shop_yaml + EVENTS + left_out))]
    assert ([each for each in problems if "left out, and yet told: come" in each] == []) == is_right
    assert (problems == []) == is_right


def test_what_is_left_out_in_one_place_may_be_open_in_another(shop_yaml: str, write: Write) -> None:
    """It is about the places that it names; what only marks a minor is open to nobody."""
    for of, members, is_right in (("[visited]", "[id]", True), ("[visited]", "[name]", False), ("[]", "[minor]", True)):
        left_out = f"left_out: [{{members: {members}, of: {of}, reason: Closed.}}]\n"
        assert (check(write(shop_yaml + EVENTS + left_out)) == []) == is_right


def test_an_event_is_found_by_any_of_its_names(shop_yaml: str, write: Write) -> None:
    """The platform's name leads to it; its own id is what apps and the trace call it."""
    platform = load_catalogue(write(shop_yaml + EVENTS)).platforms["shop"]
    event = platform.events["visited"]
    assert [platform.find_event(name) for name in ("visit", "come", "visited")] == [event, event, None]
    assert (event.type, platform.find_traced("visited"), platform.find_traced("view_me")) == (
        "shop.visited",
        event,
        platform.routes["view_me"],
    )
    assert (event.may_carry("shop.name.read"), event.may_carry("shop.phone.read")) == (True, False)


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_event_is_refused(shop_yaml: str, write: Write, name: str) -> None:
    """Each defect stops the catalogue from loading, by file and line."""
    old, new = BROKEN[name]
    assert old in EVENTS
    assert check(write(shop_yaml + EVENTS)) == []
    folder = write(shop_yaml + EVENTS.replace(old, new))
    with pytest.raises(CatalogueError, match=r"shop\.yaml:\d+: "):
        load_catalogue(folder)


def test_ids_are_read_where_they_are_declared(shop_yaml: str, write: Write) -> None:
    """Texts and whole numbers, also out of lists, each once; anything else there is no id, and no fault."""
    event = load_catalogue(write(shop_yaml + EVENTS)).platforms["shop"].events["visited"]
    body = {"shop": {"id": 7}, "people": [{"id": "a"}, {"id": True}, {}, "b", {"id": 7}, {"id": "a"}], "by": "c"}
    assert event.list_accounts(body) == ["7"]
    assert event.list_subjects(body, "7") == ["a", "c"]
    odd_bodies: list[object] = [{}, [], "x", None, {"shop": "7", "people": {"id": "a"}, "by": ["c"]}]
    for odd in odd_bodies:
        assert (event.list_accounts(odd), event.list_subjects(odd, "7")) == ([], [])


def test_what_a_person_must_agree_to_rests_on_all_who_are_named(shop_yaml: str, write: Write) -> None:
    """With everyone's basis it passes; without one person's, or where nobody is named, it is withheld."""
    event = load_catalogue(write(shop_yaml + EVENTS)).platforms["shop"].events["visited"]
    body = b'{"kind":"k","name":"An","other":1}'
    opened = event.open(body, ["shop.name.read"], ["a", "b"])
    assert opened.render({"a", "b"}).body == b'{"kind":"k","name":"An"}'
    assert event.open(body, ["shop.name.read"], ["a", "b"]).render({"a"}).body == b'{"kind":"k"}'
    assert event.open(body, ["shop.name.read"], []).render({"a"}).body == b'{"kind":"k"}'


@pytest.mark.parametrize("body", [b"[]", b"1", b'{"kind":1}', b'{"kind":"a","kind":"b"}', b"\xff"])
def test_a_body_in_another_form_is_refused(shop_yaml: str, write: Write, body: bytes) -> None:
    """As with answers, what is not what was declared goes nowhere."""
    event = load_catalogue(write(shop_yaml + EVENTS)).platforms["shop"].events["visited"]
    with pytest.raises(AnswerMalformed):
        event.open(body, ["shop.name.read"], [])


def test_a_scope_that_writes_to_people_says_so_to_them_where_they_may_end_it(shop_yaml: str, write: Write) -> None:
    """Who takes their consent back at the platform is told what an app did to them; elsewhere nobody is."""
    said = shop_yaml.replace("    whose: account\n", f"    whose: account\n{TO_SELF}")
    ending = EVENTS.replace(
        "opened_by: [shop.name.read]",
        "opened_by: [shop.card.write, shop.name.read, shop.phone.read]\n    ends_consent: true",
    ).replace("shop.name.read}", "any}")
    assert check(write(said + ending)) == []
    (unsaid,) = check(write(shop_yaml + ending))
    assert (unsaid.file, unsaid.line) == (
        "shop.yaml",
        shop_yaml[: shop_yaml.index("- id: shop.order.write")].count("\n") + 1,
    )
    assert "shop.order.write is not said to the people" in unsaid.message
    (needless,) = check(write(said + EVENTS))
    assert "shop.order.write is said to people, but writes to none" in needless.message


def test_whoever_took_their_consent_back_is_in_it(shop_yaml: str, write: Write) -> None:
    """Every scope about people opens it, and each place that names nobody or misses a scope is told apart."""
    shop_yaml = shop_yaml.replace("    whose: account\n", f"    whose: account\n{TO_SELF}")
    scopes = "[shop.card.write, shop.name.read, shop.phone.read]"
    whole = EVENTS.replace("opened_by: [shop.name.read]", f"opened_by: {scopes}\n    ends_consent: true")
    assert ["it holds ids alone" in str(one) for one in check(write(shop_yaml + whole))] == [True]
    whole = whole.replace("shop.name.read}", "any}")
    event = load_catalogue(write(shop_yaml + whole)).platforms["shop"].events["visited"]
    assert (event.ends_consent, event.opened_by) == (True, event.about_people)
    fewer = check(write(shop_yaml + whole.replace("shop.card.write, ", "")))
    assert ["an app with shop.card.write may hold something of whoever took it back" in str(one) for one in fewer] == [
        True
    ]
    nobody = whole.replace('subjects: ["people[].id", by]', "subjects: []")
    problems = [str(one) for one in check(write(shop_yaml + nobody))]
    assert any("no place says who took their consent back" in one for one in problems)


ZALO = {
    "zalo.message.read": b'{"sender":{"id":"9","admin_id":"3"},"recipient":{"id":"4"},"app_id":"1",'
    b'"user_id_by_app":"7","event_name":"user_send_image","message":{"msg_id":"m","text":"t","attachments":[{"type":"image","payload":'
    b'{"url":"u","secret":"s"}}],"more":1},"timestamp":"5"}',
    "zalo.follower.phone.read": b'{"sender":{"id":"9"},"recipient":{"id":"4"},"event_name":"user_submit_info","info":'
    b'{"name":"An","phone":84,"full_address":{"user_city":"HN"}},"timestamp":"5"}',
    "zalo.lead.read": b'{"oa_id":"4","user_id":"9","user_id_by_app":"7","event_name":"user_withdraw","timestamp":"5"}',
    "zalo.tag.read": b'{"oa_id":"4","tag":{"user_ids":["9"],"name":"VIP"},'
    b'"event_name":"add_user_to_tag","timestamp":"5"}',
    "zalo.follower.tag.read": b'{"oa_id":"4","tag":{"user_ids":["9"],"name":"VIP"},'
    b'"event_name":"remove_user_from_tag","timestamp":"5"}',
    "zalo.follower.source.read": b'{"oa_id":"4","follower":{"id":"9"},"user_id_by_app":"7","source":"oa_profile",'
    b'"event_name":"follow","timestamp":"5"}',
    "zalo.follower.code.read": b'{"oa_id":"4","data":{"user_id":"9","user_external_id":"KH-1","url":"u","message":"m"},'
    b'"event_name":"widget_failed_to_sync_user_external_id","timestamp":"5"}',
    "zalo.template.send": b'{"oa_id":"4","template_id":400001,"reason":"Logo","status":{"prev_status":"PENDING_REVIEW",'
    b'"new_status":"REJECT","by":"x"},"event_name":"change_template_status","timestamp":"5"}',
    "zalo.quota.read": b'{"oaId":"4","quota":{"prev_value":1000,"new_value":2000},'
    b'"event_name":"change_oa_daily_quota","timestamp":"5"}',
    "zalo.call.ask": b'{"oa_id":"4","phone":"84000000101","user_id":"9","user_consent":"ALLOW","confirmed_time":5,'
    b'"expired_time":0,"event_name":"user_reply_consent","timestamp":"5"}',
}
PASSED = {
    "zalo.message.read": {
        "message": {"msg_id": "m", "text": "t", "attachments": [{"type": "image", "payload": {"url": "u"}}]}
    },
    "zalo.follower.phone.read": {"info": {"phone": 84}},
    "zalo.lead.read": {"user_id": "9"},
    "zalo.tag.read": {"tag": {"name": "VIP"}},
    "zalo.follower.tag.read": {"tag": {"name": "VIP", "user_ids": ["9"]}},
    "zalo.follower.source.read": {"source": "oa_profile", "follower": {"id": "9"}},
    "zalo.follower.code.read": {"data": {"user_id": "9", "user_external_id": "KH-1", "message": "m"}},
    "zalo.template.send": {
        "template_id": 400001,
        "reason": "Logo",
        "status": {"prev_status": "PENDING_REVIEW", "new_status": "REJECT"},
    },
    "zalo.quota.read": {"oaId": "4", "quota": {"prev_value": 1000, "new_value": 2000}},
    "zalo.call.ask": {"user_consent": "ALLOW", "confirmed_time": 5, "expired_time": 0},
}


@pytest.mark.parametrize("scope", ZALO)
def test_zalos_events_pass_what_their_scope_says(packaged: Catalogue, scope: str) -> None:
    """Parties by their ids, and beyond these what the one scope opens; other names of a person never."""
    said = orjson.loads(ZALO[scope])
    event = packaged.platforms["zalo"].find_event(said["event_name"])
    assert event is not None
    passed = orjson.loads(event.open(ZALO[scope], [scope], ["9"]).write().body)
    assert event.list_accounts(said) == ["4"]
    about = {"event_name", "timestamp", "oa_id", "sender", "recipient"}
    assert {name: value for name, value in passed.items() if name not in about} == PASSED[scope]
    assert b"user_id_by_app" not in event.open(ZALO[scope], [scope], ["9"]).write().body
    assert passed.get("sender", {"id": "9"}) == {"id": "9"}
