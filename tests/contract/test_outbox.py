"""Notices are written in the act's own transaction: what each says, when there is none, and who keeps the keys."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import orjson
import pytest

from gateway.acts.bury import bury
from gateway.acts.expire import expire
from gateway.acts.notice_endpoint import clear_endpoint, rotate_key, set_endpoint
from gateway.acts.pause import pause, resume
from gateway.acts.send_notices import KEPT, forget_notices, send_again, send_test
from gateway.acts.shorten import shorten
from gateway.acts.withdraw import withdraw
from gateway.ground.vault.entries import Tombstone
from gateway.ground.vault.sealing import Unsealable
from gateway.records.accounts.types import STANDING_LASTS
from gateway.records.grants import transitions
from gateway.records.ledger.checkpoint import open_checkpoint
from gateway.records.ledger.kinds import Kind
from gateway.records.outbox import endpoints
from gateway.records.outbox.keys import open_key
from gateway.records.outbox.letters import LIMIT_BYTES
from gateway.records.outbox.types import EndpointState, NoticeState
from gateway.terms.ids import AppId
from gateway.terms.refusal import Refusal
from tests.contract.letters import find_endpoint, list_notices, outcomes
from tests.contract.steps import NAME, PHONE, PROFILE, SYSTEM, agreed, get_grant, list_records, owner
from tests.house import Scene, agree

URL = "https://app.example/notices"
DAY = timedelta(days=1)


async def read_bodies(scene: Scene) -> list[dict[str, Any]]:
    """Return what each notice says, oldest first."""
    return [orjson.loads(notice.body) for notice in await list_notices(scene)]


async def test_a_withdrawal_is_told_item_by_item(scene: Scene) -> None:
    """The notice holds the grant's version, the account as tokens name it, and each ask as it stands and stood."""
    await set_endpoint(scene.house, scene.app.id, URL, SYSTEM)
    given = await agreed(scene, PROFILE, NAME, PHONE, duration="P30D")
    settled = await withdraw(scene.house, given.grant_id, owner(scene), ask_ids=[PHONE])
    (body,) = await read_bodies(scene)
    (notice,) = await list_notices(scene)
    ends = (scene.clock.now() + 30 * DAY).strftime("%Y-%m-%dT%H:%M:%S.000000Z")
    granted = {"state": "granted", "ends_at": ends}
    crm = {"purpose": "crm"}
    assert body.pop("data") == {
        "grant_id": given.grant_id,
        "version": 2,
        "account": scene.account.external_id,
        "asks": [
            {"ask": "crm_name", "scope": "zalo.follower.name.read", **crm, **granted, "wanted": "use"},
            {
                "ask": "crm_phone",
                "scope": "zalo.follower.phone.read",
                "purpose": "crm",
                "state": "withdrawn",
                "ends_at": None,
                "wanted": "stop",
                "before": granted,
            },
            {"ask": "oa_profile", "scope": "zalo.profile.read", **crm, **granted, "wanted": "use"},
        ],
        "checkpoint": {
            "size": settled.recorded.size,
            "root": settled.recorded.root.hex(),
            "note": settled.recorded.note,
        },
    }
    assert body == {
        "specversion": "1.0",
        "type": "quyen.grant.withdrawn",
        "source": "http://127.0.0.1:8400",
        "id": notice.id,
        "time": scene.clock.now().strftime("%Y-%m-%dT%H:%M:%S.000000Z"),
        "subject": given.grant_id,
        "datacontenttype": "application/json",
    }
    assert (notice.version, notice.grant_id, notice.state, notice.tries) == (2, given.grant_id, "waiting", 0)


async def test_the_pinned_checkpoint_verifies(scene: Scene) -> None:
    """What is pinned is a checkpoint that the log signed, of the record about this very change."""
    await set_endpoint(scene.house, scene.app.id, URL, SYSTEM)
    given = await agreed(scene)
    settled = await pause(scene.house, given.grant_id, owner(scene))
    (body,) = await read_bodies(scene)
    key = scene.house.ledger.verifier_key
    assert key is not None
    pinned = body["data"]["checkpoint"]
    found = open_checkpoint(pinned["note"], [key])
    assert (found.size, found.root.hex()) == (pinned["size"], pinned["root"]) == (settled.recorded.seq, pinned["root"])


async def test_a_notice_names_no_person(scene: Scene) -> None:
    """Neither who decided, nor their name or login, nor a permission's inner id stands in what an app is sent."""
    await set_endpoint(scene.house, scene.app.id, URL, SYSTEM)
    given = await agreed(scene)
    await withdraw(scene.house, given.grant_id, owner(scene))
    (notice,) = await list_notices(scene)
    grant = await get_grant(scene.house, given.grant_id)
    inner = {scene.owner.id, scene.owner.login, scene.owner.name, scene.account.id, scene.account.name}
    assert not [each for each in inner | {p.id for p in grant.permissions} if each.encode() in notice.body]


async def test_each_act_has_its_event(scene: Scene) -> None:
    """Pause, resume, shorten, a narrower and a renewing decision and a lapsed standing each say what they are."""
    await set_endpoint(scene.house, scene.app.id, URL, SYSTEM)
    given = await agreed(scene, PROFILE, NAME, PHONE)
    await pause(scene.house, given.grant_id, owner(scene), ask_ids=[PHONE])
    await resume(scene.house, given.grant_id, owner(scene))
    await shorten(scene.house, given.grant_id, owner(scene), lasts=2 * DAY)
    await agree(scene, frozenset({PROFILE, NAME}), duration="P30D", whole=True)  # the phone is left out
    await agree(scene, frozenset({PROFILE, NAME}), duration="P90D", whole=True)
    scene.clock.advance(STANDING_LASTS - DAY)
    await expire(scene.house)
    await agree(scene, frozenset({PROFILE, NAME}), duration="P365D", whole=True)
    scene.clock.advance(2 * DAY)
    await expire(scene.house)
    found = sorted((each["data"]["version"], each["type"]) for each in await read_bodies(scene))
    words = ["paused", "resumed", "shortened", "narrowed", "renewed", "renewed", "reconfirm"]
    assert found == [(number, f"quyen.grant.{word}") for number, word in enumerate(words, start=2)]


async def test_expiry_is_told_once(scene: Scene) -> None:
    """The app hears when the time has run out, and not again at the next look."""
    await set_endpoint(scene.house, scene.app.id, URL, SYSTEM)
    await agreed(scene, PROFILE, duration="P1D")
    scene.clock.advance(2 * DAY)
    await expire(scene.house)
    await expire(scene.house)
    (body,) = await read_bodies(scene)
    assert (body["type"], body["data"]["asks"][0]["state"]) == ("quyen.grant.expired", "expired")


async def test_what_the_app_never_held_is_not_told(scene: Scene) -> None:
    """A first decision, a refusal, and asks that were only refused make no notice and stand in none."""
    await set_endpoint(scene.house, scene.app.id, URL, SYSTEM)
    given = await agreed(scene, PROFILE)
    await agree(scene, frozenset())
    assert await list_notices(scene) == []
    await withdraw(scene.house, given.grant_id, owner(scene))
    (body,) = await read_bodies(scene)
    assert [each["ask"] for each in body["data"]["asks"]] == ["oa_profile"]


async def test_what_is_agreed_to_anew_is_told(scene: Scene) -> None:
    """After a withdrawal a receiver stopped: it hears that it may go on, and of an ask that is added later."""
    await set_endpoint(scene.house, scene.app.id, URL, SYSTEM)
    given = await agreed(scene, PROFILE)
    await withdraw(scene.house, given.grant_id, owner(scene))
    await agree(scene, frozenset({PROFILE}), asked_for=frozenset({PROFILE}))
    await agree(scene, frozenset({NAME}), asked_for=frozenset({NAME}))
    bodies = sorted(await read_bodies(scene), key=lambda each: int(each["data"]["version"]))
    asks = [{ask["ask"]: (ask["wanted"], "before" in ask) for ask in each["data"]["asks"]} for each in bodies]
    told = list(zip([each["type"].rpartition(".")[2] for each in bodies], asks, strict=True))
    assert told == [
        ("withdrawn", {"oa_profile": ("stop", True)}),
        ("renewed", {"oa_profile": ("use", True)}),
        ("renewed", {"crm_name": ("use", True), "oa_profile": ("use", False)}),
    ]


async def test_what_was_ever_given_stays_in_what_is_told(scene: Scene) -> None:
    """An ask that was withdrawn and then left unticked was given once: it stands in every notice, as refused."""
    await set_endpoint(scene.house, scene.app.id, URL, SYSTEM)
    given = await agreed(scene, PROFILE, NAME)
    await withdraw(scene.house, given.grant_id, owner(scene), ask_ids=[NAME])
    await agree(scene, frozenset({PROFILE}), duration="P90D", whole=True)
    *_, last = sorted(await read_bodies(scene), key=lambda each: int(each["data"]["version"]))
    states = {each["ask"]: (each["state"], each["wanted"]) for each in last["data"]["asks"]}
    assert states == {"crm_name": ("refused", "stop"), "oa_profile": ("granted", "use")}


async def test_a_mere_no_is_not_told(scene: Scene) -> None:
    """What is over and is refused now gives what it gave: nothing. Nor is the first yes that follows refusals told."""
    await set_endpoint(scene.house, scene.app.id, URL, SYSTEM)
    await agree(scene, frozenset())
    given = await agreed(scene, PROFILE)
    assert await list_notices(scene) == []
    await withdraw(scene.house, given.grant_id, owner(scene))
    await agree(scene, frozenset())
    assert [body["type"] for body in await read_bodies(scene)] == ["quyen.grant.withdrawn"]


async def test_an_act_that_is_undone_leaves_no_notice(scene: Scene) -> None:
    """The row is in the act's own transaction: without the one there is not the other."""
    await set_endpoint(scene.house, scene.app.id, URL, SYSTEM)
    given = await agreed(scene)
    grant = await get_grant(scene.house, given.grant_id)
    async with scene.house.storage.unit() as unit:
        change = transitions.withdraw(grant, None, scene.clock.now())
        await scene.house.record_change(unit, change, SYSTEM, kind=Kind.WITHDRAWN)
    assert await list_notices(scene) == []
    async with scene.house.storage.unit() as unit:
        await scene.house.record_change(unit, change, SYSTEM, kind=Kind.WITHDRAWN)
        await unit.commit()
    assert [notice.version for notice in await list_notices(scene)] == [2]


async def test_an_app_without_an_endpoint_is_told_nothing(scene: Scene) -> None:
    """No endpoint, no row; an endpoint that is gone, a row that says so."""
    given = await agreed(scene)
    await pause(scene.house, given.grant_id, owner(scene))
    assert await list_notices(scene) == []


async def test_what_was_buried_is_told(scene: Scene) -> None:
    """After a restore the app hears what ended again, and what is to be confirmed anew."""
    await set_endpoint(scene.house, scene.app.id, URL, SYSTEM)
    given = await agreed(scene, PROFILE, NAME)
    grant = await get_grant(scene.house, given.grant_id)
    dead = grant.find(NAME)
    assert dead is not None
    stone = Tombstone(grant.id, grant.version + 3, (dead.id,), "withdrawn", scene.clock.now())
    assert await bury(scene.house, [stone]) == 1
    found = sorted((each["data"]["version"], each["type"]) for each in await read_bodies(scene))
    assert found == [(5, "quyen.grant.withdrawn"), (6, "quyen.grant.reconfirm")]


async def test_a_notice_is_smaller_than_20_kb(scene: Scene) -> None:
    """Should the asks not fit, they are left out; the act goes through all the same."""
    await set_endpoint(scene.house, scene.app.id, URL, SYSTEM)
    given = await agreed(scene)
    grant = await get_grant(scene.house, given.grant_id)
    change = transitions.withdraw(grant, None, scene.clock.now())
    wide = tuple(replace(each, purpose="x" * 5000) for each in change.grant.permissions)
    large = replace(change, grant=replace(change.grant, permissions=wide))
    async with scene.house.storage.unit() as unit:
        await scene.house.record_change(unit, large, SYSTEM, kind=Kind.WITHDRAWN)
        await unit.commit()
    (notice,) = await list_notices(scene)
    data = orjson.loads(notice.body)["data"]
    assert len(notice.body) < LIMIT_BYTES
    assert (data["version"], "asks" in data) == (2, False)


async def test_keys_are_sealed_shown_once_and_two_live(scene: Scene) -> None:
    """The secret is nowhere at rest; of three rotations two keys live, and what the others sealed is destroyed."""
    first = await set_endpoint(scene.house, scene.app.id, URL, SYSTEM)
    assert first is not None
    assert await set_endpoint(scene.house, scene.app.id, URL + "/2", SYSTEM) is None
    secrets = [first, *[await rotate_key(scene.house, scene.app.id, SYSTEM) for _ in range(3)]]
    async with scene.house.storage.read() as connection:
        rows = (await endpoints.list_keys(connection, scene.app.id))[::-1]
    assert [key.last4 for key in rows] == [secret[-4:] for secret in secrets]
    assert [key.ended_at is None for key in rows] == [False, False, True, True]
    assert [key.sealed_secret == key.sealed_seed == b"" for key in rows] == [True, True, False, False]
    for key in rows[2:]:
        opened = open_key(key, scene.house.vault)
        assert opened.secret not in key.sealed_secret
        assert opened.seed not in key.sealed_seed
    with pytest.raises(Unsealable):
        open_key(replace(rows[3], sealed_secret=rows[2].sealed_secret), scene.house.vault)


async def test_every_change_of_an_endpoint_is_in_the_log(scene: Scene) -> None:
    """Set, rotate and clear each leave a record of who did it; the secret is in none."""
    app_id = scene.app.id
    secret = await set_endpoint(scene.house, app_id, URL, owner(scene))
    await rotate_key(scene.house, app_id, owner(scene))
    await clear_endpoint(scene.house, app_id, owner(scene))
    kinds = [Kind.NOTICES_SET, Kind.NOTICE_KEY_ROTATED, Kind.NOTICES_CLEARED]
    records = await list_records(scene.house, kinds=kinds)
    assert sorted((each.kind, each.app_id, each.actor) for each in records) == sorted(
        (kind, app_id, owner(scene)) for kind in kinds
    )
    assert not [each for each in records if str(secret)[6:40].encode() in each.canonical]


async def test_clearing_lets_go_of_what_waits(scene: Scene) -> None:
    """Nothing is sent to an address that its developer took away; setting one again makes new keys."""
    first = await set_endpoint(scene.house, scene.app.id, URL, SYSTEM)
    given = await agreed(scene)
    await withdraw(scene.house, given.grant_id, owner(scene))
    await clear_endpoint(scene.house, scene.app.id, SYSTEM)
    assert await find_endpoint(scene) is None
    assert await outcomes(scene) == [(2, "gone", 0, "")]
    assert await set_endpoint(scene.house, scene.app.id, URL, SYSTEM) not in {None, first}
    assert (await outcomes(scene))[0][1] == "gone"
    await send_again(scene.house, scene.app.id, (await list_notices(scene))[0].id)
    assert (await outcomes(scene))[0][1] == "waiting"


async def test_a_test_notice_pins_the_newest_checkpoint(scene: Scene) -> None:
    """It says that it is a test, and of whom; it is about no grant."""
    await set_endpoint(scene.house, scene.app.id, URL, SYSTEM)
    await send_test(scene.house, scene.app.id)
    (body,) = await read_bodies(scene)
    assert (body["type"], body["subject"], body["data"]["client_id"]) == (
        "quyen.endpoint.test",
        scene.app.id,
        scene.app.id,
    )
    assert body["data"]["checkpoint"]["note"].startswith("127.0.0.1:8400/log\n")


async def test_what_cannot_be_is_refused(scene: Scene) -> None:
    """No such app, no endpoint, a notice that waits already or is another's."""
    missing = AppId("app_missing")
    calls = [
        set_endpoint(scene.house, missing, URL, SYSTEM),
        rotate_key(scene.house, scene.app.id, SYSTEM),
        clear_endpoint(scene.house, scene.app.id, SYSTEM),
        send_test(scene.house, scene.app.id),
    ]
    for call in calls:
        with pytest.raises(Refusal):
            await call
    await set_endpoint(scene.house, scene.app.id, URL, SYSTEM)
    await set_endpoint(scene.house, scene.public_app.id, URL, SYSTEM)
    await send_test(scene.house, scene.app.id)
    (notice,) = await list_notices(scene)
    assert notice.state is NoticeState.WAITING
    for app_id, notice_id, reason in (
        (scene.app.id, notice.id, "nothing_to_change"),
        (scene.public_app.id, notice.id, "not_found"),
        (scene.app.id, "nt_missing", "not_found"),
    ):
        with pytest.raises(Refusal, match=reason):
            await send_again(scene.house, app_id, notice_id)
    endpoint = await find_endpoint(scene)
    assert endpoint is not None
    assert endpoint.state is EndpointState.LIVE


async def test_what_is_over_for_a_month_is_forgotten_but_for_the_newest_of_a_grant(scene: Scene) -> None:
    """By it a person's page says whether the app heard; and what still waits is never forgotten."""
    await set_endpoint(scene.house, scene.app.id, URL, SYSTEM)
    given = await agreed(scene, PROFILE, NAME, PHONE)
    for ask in (PHONE, NAME):
        await withdraw(scene.house, given.grant_id, owner(scene), ask_ids=[ask])
    await send_test(scene.house, scene.app.id)
    await clear_endpoint(scene.house, scene.app.id, SYSTEM)
    await set_endpoint(scene.house, scene.app.id, URL, SYSTEM)
    await send_test(scene.house, scene.app.id)
    scene.clock.advance(KEPT)
    assert await forget_notices(scene.house) == 0
    scene.clock.advance(timedelta(seconds=1))
    assert await forget_notices(scene.house) == 2
    left = {(notice.grant_id, notice.version, notice.state) for notice in await list_notices(scene)}
    assert left == {(given.grant_id, 3, NoticeState.GONE), (None, 0, NoticeState.WAITING)}
