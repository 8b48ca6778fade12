"""What followers were never asked about is not told by narrowing a list, nor done to all of them at once (ADR 0031)."""

import json
from urllib.parse import quote

import pytest

from gateway.records.accounts.pairs import note_pairs
from gateway.records.accounts.types import ProfilePair
from gateway.records.apps.types import Basis
from gateway.sandbox.zalo.people import Follower
from gateway.sandbox.zalo.seeds import BAKERY
from tests.platforms.zalo.apps import EVERY_SCOPE, app_with
from tests.platforms.zalo.stage import SEND, AppCaller, Stage

ARTICLE = {"media_type": "article", "attachment_id": "a1"}
BROADCAST = {
    "recipient": {"target": {}},
    "message": {
        "attachment": {"type": "template", "payload": {"template_type": "media", "elements": [ARTICLE]}},
    },
}
PERSON, QUOTA = BAKERY.followers[0].user_id, "/zalo/v3.0/oa/quota/message"


@pytest.fixture(scope="module")
async def asking(shared: Stage) -> AppCaller:
    """Return an app that asks each follower; nobody agreed."""
    return await app_with(shared, *EVERY_SCOPE, basis=Basis.OWN_CONSENT)


def followers(**narrowed: object) -> str:
    """Return the call that lists followers, narrowed."""
    return f"/zalo/v3.0/oa/user/getlist?data={quote(json.dumps({'offset': 0, 'count': 50, **narrowed}))}"


@pytest.mark.parametrize(
    "narrowed", [{"tag_name": "Khách quen"}, {"last_interaction_period": "TODAY"}, {"last_interaction_period": "L7D"}]
)
async def test_a_list_is_not_narrowed_by_what_is_masked(
    shared: Stage, asking: AppCaller, everything: AppCaller, narrowed: dict[str, str]
) -> None:
    """Who bears a tag or wrote lately is told by the list: where each is asked it is refused, by contract it passes."""
    before = len(await shared.arrived())
    reply = await asking.call(followers(**narrowed))
    assert (reply.status, reply.code) == (403, "no_basis")
    assert len(await shared.arrived()) == before
    assert (await everything.call(followers(**narrowed))).status == 200
    assert (await asking.call(followers(is_follower="true"))).status == 200


async def test_one_scope_by_consent_keeps_a_tag_from_narrowing(shared: Stage) -> None:
    """A tag has no basis of its own: every live scope that lists people must need nobody's word."""
    phone = {"zalo_follower_phone_read": Basis.OWN_CONSENT}
    app = await app_with(shared, "zalo.follower.name.read", "zalo.follower.phone.read", "zalo.tag.read", **phone)
    assert (await app.call(followers(tag_name="Khách quen"))).code == "no_basis"


async def test_a_chat_row_about_somebody_without_a_basis_is_not_there(asking: AppCaller, everything: AppCaller) -> None:
    """That somebody wrote, when and how often is theirs: no row of them, in the list or in their own conversation."""
    for target in (
        "/zalo/v2.0/oa/listrecentchat?data=" + quote(json.dumps({"offset": 0, "count": 10})),
        "/zalo/v2.0/oa/conversation?data=" + quote(json.dumps({"user_id": PERSON, "offset": 0, "count": 10})),
    ):
        shown, reply = (await everything.call(target)).json["data"], await asking.call(target)
        assert shown
        assert (reply.json["data"], reply.headers["Quyen-Withheld"].partition("; ")[2]) == ([], 'reasons="subject"')


async def test_what_is_left_to_send_one_person_rests_on_them(asking: AppCaller, everything: AppCaller) -> None:
    """It tells whether they wrote lately; what the account has left rests on nobody."""
    for body, stays in (
        ({"user_id": PERSON}, False),
        ({"quota_owner": "OA", "product_type": "cs", "quota_type": "sub_quota"}, True),
    ):
        told = (await everything.call(QUOTA, "POST", json=body)).json.get("data")
        masked = (await asking.call(QUOTA, "POST", json=body)).json.get("data")
        assert told
        assert bool(masked) == stays


@pytest.mark.parametrize(
    "path, body", [("/zalo/v2.0/oa/message", BROADCAST), ("/zalo/v2.0/oa/tag/rmtag", {"tag_name": "Khách quen"})]
)
async def test_what_is_done_to_everyone_needs_a_contract(
    shared: Stage, asking: AppCaller, path: str, body: dict[str, object]
) -> None:
    """A broadcast and the end of a tag name nobody, so nobody's consent can open them: nothing is sent."""
    before = len(await shared.arrived())
    reply = await asking.call(path, "POST", json=body)
    assert (reply.status, reply.code) == (403, "no_basis")
    assert len(await shared.arrived()) == before


async def test_a_reaction_is_no_broadcast(shared: Stage, asking: AppCaller) -> None:
    """One address, two acts: what the body is decides whose word is asked."""
    body = {
        "recipient": {"user_id": PERSON},
        "sender_action": {"react_icon": "/-heart", "react_message_id": "f36e18560f66b11de2bf"},
    }
    before = len(await shared.arrived())
    assert (await asking.call("/zalo/v2.0/oa/message", "POST", json=body)).code != "no_basis"
    assert len(await shared.arrived()) == before + 1


def fields_of(user_id: str) -> str:
    """Return the call that views the OA's own fields about a follower."""
    return f"/zalo/v3.0/oa/user/detail/custominfo?data={quote(json.dumps({'user_id': user_id}))}"


@pytest.mark.parametrize("named", ["84000000101", "0987654321", "123"])
async def test_own_fields_are_asked_for_by_a_followers_id_alone(
    shared: Stage, everything: AppCaller, named: str
) -> None:
    """Its answer names nobody, so a phone number in the id's place would ask for the wrong person's word."""
    before = len(await shared.arrived())
    assert (await everything.call(fields_of(named))).code == "bad_target"
    assert len(await shared.arrived()) == before


@pytest.fixture(scope="module")
async def signing_in(shared: Stage) -> Follower:
    """Return a follower of whom it is known by which id they sign in."""
    house, one = shared.scene.house, BAKERY.followers[3]
    async with house.storage.unit() as unit:
        pair = ProfilePair(shared.scene.account.id, one.id_by_app, one.user_id, house.clock.now())
        await note_pairs(unit.connection, house.vault, [pair])
        await unit.commit()
    return one


async def test_own_fields_are_not_asked_for_by_the_id_of_a_sign_in(
    shared: Stage, everything: AppCaller, signing_in: Follower
) -> None:
    """Who is known to sign in by an id said their word under another: by that one alone, and nothing is sent before."""
    before = len(await shared.arrived())
    assert (await everything.call(fields_of(signing_in.id_by_app))).code == "no_basis"
    assert len(await shared.arrived()) == before
    assert (await everything.call(fields_of(signing_in.user_id))).status == 200


@pytest.mark.parametrize(
    "path, body",
    [
        (SEND, {"recipient": {"user_id": None}, "message": {"text": "Chào bạn (mẫu)"}}),
        ("/zalo/v2.0/oa/message", {"recipient": {"user_id": None}, "message": {"text": "Chào bạn (mẫu)"}}),
        ("/zalo/v2.0/oa/tag/tagfollower", {"user_id": None, "tag_name": "Nhãn (mẫu)"}),
        ("/zalo/v3.0/oa/user/update", {"user_id": None, "user_alias": "Khách (mẫu)"}),
    ],
)
async def test_nothing_is_done_to_the_id_of_a_sign_in(
    shared: Stage, everything: AppCaller, signing_in: Follower, path: str, body: object
) -> None:
    """Who objected said so under the account's id of them; under the other, which an app may learn, nobody would be.

    Else a contract, which needs no word of anybody, would let the call pass.
    """
    raw = json.dumps(body)
    before = len(await shared.arrived())
    by_sign_in = json.loads(raw.replace("null", f'"{signing_in.id_by_app}"'))
    assert (await everything.call(path, "POST", json=by_sign_in)).code == "no_basis"
    assert len(await shared.arrived()) == before
    known = json.loads(raw.replace("null", f'"{signing_in.user_id}"'))
    assert (await everything.call(path, "POST", json=known)).code is None


async def test_what_serves_somebody_is_done_under_whatever_id(
    shared: Stage, everything: AppCaller, signing_in: Follower
) -> None:
    """Erasure is never refused for want of a basis; the platform itself says that it knows nobody of that id."""
    before = len(await shared.arrived())
    body = {"user_id": signing_in.id_by_app}
    assert (await everything.call("/zalo/v2.0/oa/deletefollowerinfo", "POST", json=body)).code is None
    assert len(await shared.arrived()) == before + 1
