"""What an ISV's own upstream app tells: believed under its own key, of its own accounts, for its own app alone."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway.acts.register import register_app
from gateway.acts.upstream_apps import Brought, bring_upstream, remove_upstream
from gateway.authority.bases import Asked
from gateway.authority.limits import Limit
from gateway.doors.events import hooks
from gateway.doors.events.parcels import Hold
from gateway.ground.vault.sealing import Unsealable
from gateway.platforms import Credential
from gateway.records.accounts import store as accounts
from gateway.records.accounts.places import credential_place
from gateway.records.accounts.tables import profile_pairs
from gateway.records.accounts.types import Connection, ConnectionState
from gateway.records.apps import upstreams
from gateway.records.apps.tables import upstream_apps
from gateway.records.apps.types import App
from gateway.records.apps.upstreams import secret_place
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.types import Actor
from gateway.records.outbox.tables import event_copies, outbox
from gateway.terms.ids import AskId, ConnectionId, UpstreamAppId, new_id
from tests.contract.steps import list_records
from tests.house import ASKS, Scene, app_of, ask_of
from tests.house import agree as decide
from tests.ready import scene_in
from tests.stand_ins.clock import ManualClock
from tests.stand_ins.receiver import Receiver, receiving
from tests.telling import FOLLOWER, KEY, UPSTREAM_APP, Teller, listen, telling

OPERATOR = Actor.command_line()
MINE, OTHERS = "2233445566778899001", "3344556677889900112"
MY_KEY, OTHERS_KEY = "khoa-rieng-cua-isv", "khoa-cua-nguoi-khac"
NAMED = frozenset({AskId("oa_profile"), AskId("crm_name")})


@dataclass(frozen=True, slots=True)
class Isv:
    """Zalo, telling at a scene whose app brought an upstream app, and the app's server."""

    teller: Teller
    receiver: Receiver

    @property
    def scene(self) -> Scene:
        """The scene."""
        return self.teller.scene

    async def tell(self, said: Any, *, at: str = MINE, signed_as: str = MINE, key: str = MY_KEY) -> int:
        """Tell something at the app's own address."""
        return await self.teller.tell(said, endpoint=at, signed_as=signed_as, key=key)

    async def count_copies(self) -> int:
        """Count the copies that are at rest."""
        async with self.scene.house.storage.read() as connection:
            return len((await connection.execute(event_copies.select())).all())

    async def said(self) -> list[str]:
        """Bring what is due; return the texts that the app has got."""
        await self.teller.bring()
        return texts(self.receiver)


def texts(receiver: Receiver) -> list[str]:
    """Return the texts of the messages that came, and the names in forms."""
    bodies = [orjson.loads(each.body) for each in receiver.came]
    events = [body["data"]["event"] for body in bodies if body["type"].startswith("zalo.")]
    return [event["info"]["name"] if "info" in event else event["message"]["text"] for event in events]


async def bring(scene: Scene, external_id: str = MINE, *, key: str | None = MY_KEY, app: App | None = None) -> None:
    """Let an app bring an upstream app with the key of its events."""
    brought = Brought((app or scene.app).id, "zalo", external_id, "a-secret", key)
    await bring_upstream(scene.house, brought, OPERATOR)


async def own_id(scene: Scene, app: App | None = None) -> UpstreamAppId:
    """Return our id of what an app brought."""
    async with scene.house.storage.read() as connection:
        found = await upstreams.find_of(connection, (app or scene.app).id, "zalo")
    assert found is not None
    return found.id


async def link(scene: Scene, app: App | None = None, external_id: str = MINE) -> None:
    """Link the scene's account under what an app brought, straight into the records."""
    house, now = scene.house, scene.clock.now()
    connection_id, brought_id = ConnectionId(new_id("cn", house.entropy)), await own_id(scene, app)
    sealed = house.vault.seal(Credential("access", "refresh", None).to_bytes(), credential_place(connection_id))
    state, account_id = ConnectionState.LIVE, scene.account.id
    link = Connection(connection_id, account_id, external_id, state, None, sealed, 1, None, now, brought_id)
    async with house.storage.unit() as unit:
        await accounts.add_connection(unit.connection, link)
        await unit.commit()


@pytest.fixture
async def isv(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Isv]:
    """Yield an app that may hear messages, through its own upstream app, under which the account is linked too."""
    async with scene_in(tmp_path, clock) as scene, telling(scene) as teller, receiving() as receiver:
        await listen(scene, receiver.url)
        await decide(scene)
        await bring(scene)
        await link(scene)
        yield Isv(teller, receiver)


async def test_its_events_reach_its_app(isv: Isv) -> None:
    """The control of all that follows: signed under its key, with its id, of an account that is linked under it."""
    assert await isv.tell(isv.teller.message("Còn bánh không?")) == 200
    assert await isv.said() == ["Còn bánh không?"]
    assert await isv.teller.states() == ["delivered"]
    assert await isv.count_copies() == 0


@pytest.mark.parametrize(
    "signed_as, key",
    [(MINE, "khoa-khac"), (MINE, KEY), (UPSTREAM_APP, KEY), (UPSTREAM_APP, MY_KEY), (OTHERS, MY_KEY), (MINE, "")],
    ids=["a key", "our key", "our event", "our id", "an id", "no key"],
)
async def test_what_is_forged_there_changes_nothing(isv: Isv, signed_as: str, key: str) -> None:
    """Under any other key, ours too, or with another upstream app's id: 401."""
    assert await isv.tell(isv.teller.message(), signed_as=signed_as, key=key) == 401
    assert await isv.count_copies() == 0


async def test_its_signature_is_good_at_no_other_address(isv: Isv) -> None:
    """At the gateway's own, and at another ISV's, what this one signed is forged."""
    scene, said = isv.scene, isv.teller.message()
    await bring(scene, OTHERS, key=OTHERS_KEY, app=scene.public_app)
    await link(scene, scene.public_app, OTHERS)
    assert await isv.tell(said, at=UPSTREAM_APP) == 401
    assert await isv.tell(said, at=OTHERS) == 401
    assert await isv.tell(said) == 200


async def test_it_tells_of_its_own_accounts_alone(isv: Isv) -> None:
    """Of one that is linked under the gateway's own or another ISV's app, signed or not, nothing is heard."""
    scene = isv.scene
    await bring(scene, OTHERS, key=OTHERS_KEY, app=scene.public_app)
    assert await isv.tell(isv.teller.message(), at=OTHERS, signed_as=OTHERS, key=OTHERS_KEY) == 200
    assert await isv.tell(isv.teller.message(recipient={"id": "4000000000000009"})) == 200
    assert await isv.count_copies() == 0


async def add_app(scene: Scene) -> App:
    """Register a third app, whose asks are those of the public one."""
    app = app_of("Kho hàng (mẫu)", "kho-hang", is_confidential=False, clock=scene.clock)
    await register_app(scene.house, app, [ask_of(app.id, row) for row in ASKS[:2]], Actor.system())
    return app


async def test_each_app_hears_it_once_by_the_connection_it_uses(isv: Isv) -> None:
    """One form of an account that is linked under three: each app gets what its own upstream app told, once."""
    scene, teller, third = isv.scene, isv.teller, await add_app(isv.scene)
    ways = {UPSTREAM_APP: KEY, MINE: MY_KEY, OTHERS: OTHERS_KEY}
    await bring(scene, OTHERS, key=OTHERS_KEY, app=third)
    await link(scene, third, OTHERS)
    async with receiving() as ours, receiving() as theirs:
        for app, server in ((scene.public_app, ours), (third, theirs)):
            await listen(scene, server.url, app)
            await decide(scene, NAMED, app=app)
        heard = {UPSTREAM_APP: ours, MINE: isv.receiver, OTHERS: theirs}
        for at, key in ways.items():
            said = {**teller.message(event_name="user_submit_info", info={"name": f"{at} (mẫu)"}), "app_id": at}
            assert [await isv.tell(said, at=at, signed_as=at, key=key) for _ in range(2)] == [200, 200]
        await teller.bring()
        assert {at: texts(each) for at, each in heard.items()} == {at: [f"{at} (mẫu)"] for at in ways}


async def test_one_message_told_by_two_is_two_tellings(isv: Isv) -> None:
    """What the one told is no repetition of what the other told, so that neither can keep the other's apps from it."""
    said = isv.teller.message("Còn bánh không?")
    assert await isv.teller.tell(said) == 200
    assert await isv.count_copies() == 0
    assert await isv.tell(said) == 200
    assert await isv.said() == ["Còn bánh không?"]


async def test_its_word_on_who_a_follower_is_is_not_taken(isv: Isv) -> None:
    """To its app people have other ids, and whoever holds its key could say anything: no pair of ids is noted."""
    said = isv.teller.message(user_id_by_app="77")
    assert await isv.tell(said) == 200
    async with isv.scene.house.storage.read() as connection:
        assert (await connection.execute(profile_pairs.select())).all() == []
    assert await isv.teller.tell(said) == 200
    async with isv.scene.house.storage.read() as connection:
        assert len((await connection.execute(profile_pairs.select())).all()) == 1


async def test_taken_back_the_address_is_gone_at_once(isv: Isv) -> None:
    """The next telling is 404, what waited is destroyed, and the same message may come by the gateway's own again."""
    scene, said = isv.scene, isv.teller.message("Còn bánh không?")
    assert await isv.tell(said) == 200
    await remove_upstream(scene.house, scene.app.id, "zalo", OPERATOR)
    assert (await isv.count_copies(), await isv.teller.states()) == (0, ["void"])
    assert await isv.tell(isv.teller.message()) == 404
    assert await isv.said() == []
    assert await isv.teller.tell(said) == 200
    assert await isv.said() == ["Còn bánh không?"]


@pytest.mark.parametrize("is_removed", [True, False])
async def test_a_copy_of_another_way_does_not_go_out(isv: Isv, *, is_removed: bool) -> None:
    """One that was kept as its upstream app was taken back or replaced is judged anew, and destroyed."""
    scene = isv.scene
    assert await isv.tell(isv.teller.message()) == 200
    async with scene.house.storage.read() as connection:
        (row,) = (await connection.execute(event_copies.select())).mappings()
    if is_removed:
        await remove_upstream(scene.house, scene.app.id, "zalo", OPERATOR)
    else:
        await bring(scene, OTHERS, key=OTHERS_KEY)
    (line,) = await isv.teller.list_log()
    async with scene.house.storage.unit() as unit:  # as if its telling had been under way
        await unit.connection.execute(event_copies.insert().values(**row))
        await unit.connection.execute(outbox.update().where(outbox.c.id == line.id).values(state="queued"))
        await unit.commit()
    assert await isv.said() == []
    assert (await isv.count_copies(), await isv.teller.states()) == (0, ["void"])


async def test_taken_back_with_the_connection_in_hand_nothing_goes_out(
    isv: Isv, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the judging of a copy and its first byte the upstream app goes: the last check reads it once more."""
    checked = Hold.check_last

    async def remove_then_check(hold: Hold, transport: Any) -> None:
        await remove_upstream(isv.scene.house, isv.scene.app.id, "zalo", OPERATOR)
        await checked(hold, transport)

    assert await isv.tell(isv.teller.message()) == 200
    monkeypatch.setattr(Hold, "check_last", remove_then_check)
    assert await isv.said() == []


async def test_without_a_key_there_is_no_address(isv: Isv) -> None:
    """One that was brought without it, that lost it, or that nobody brought: 404; a secret said again keeps the key."""
    scene = isv.scene
    await bring(scene, OTHERS, key=None, app=scene.public_app)
    for at in (OTHERS, "42", "0", "x", "hk_0000000000000000000000", "9" * 33):
        assert await isv.tell(isv.teller.message(), at=at, signed_as=at, key=OTHERS_KEY) == 404
    await bring(scene, key=None)
    assert await isv.tell(isv.teller.message()) == 200
    await bring(scene, key="khoa-moi")
    assert await isv.tell(isv.teller.message()) == 401
    assert await isv.tell(isv.teller.message(), key="khoa-moi") == 200
    await bring(scene, key="")
    assert await isv.tell(isv.teller.message(), key="khoa-moi") == 404
    said = [record.facts.get("events") for record in await list_records(scene.house, kinds=[Kind.UPSTREAM_BROUGHT])]
    assert sorted(said, key=str) == [None, None, "heard", "heard", "not_heard"]


async def test_the_key_is_sealed_for_its_place(isv: Isv) -> None:
    """It stands nowhere in the clear, opens as no other row's and as no secret, and moved there the address is shut."""
    scene = isv.scene
    await bring(scene, OTHERS, key=OTHERS_KEY, app=scene.public_app)
    async with scene.house.storage.unit() as unit:
        rows = {
            row["external_id"]: dict(row) for row in (await unit.connection.execute(upstream_apps.select())).mappings()
        }
        assert MY_KEY.encode() not in b"".join(value for value in rows[MINE].values() if isinstance(value, bytes))
        moved = upstream_apps.update().where(upstream_apps.c.external_id == OTHERS)
        await unit.connection.execute(moved.values(sealed_event_key=rows[MINE]["sealed_event_key"]))
        await unit.commit()
    assert await isv.tell(isv.teller.message(), at=OTHERS, signed_as=OTHERS, key=MY_KEY) == 500
    with pytest.raises(Unsealable):
        scene.house.vault.open(rows[MINE]["sealed_event_key"], secret_place(rows[MINE]["id"]))
    assert MY_KEY not in repr(Brought(scene.app.id, "zalo", MINE, "s", MY_KEY))
    assert repr(rows[MINE]["sealed_event_key"]) not in repr(
        await upstreams.look_up_telling(scene.house.storage, "zalo", MINE)
    )


def withdrawal(isv: Isv, **changes: Any) -> dict[str, Any]:
    """Return what Zalo says to the app's own upstream app when a follower takes their consent back."""
    said = {"app_id": MINE, "event_name": "user_withdraw", "oa_id": isv.scene.account.external_id}
    said |= {"user_id": FOLLOWER, "user_id_by_app": "77", "timestamp": isv.teller.stamp()}
    return {name: value for name, value in {**said, **changes}.items() if value is not None}


async def refused(scene: Scene, app: App) -> set[AskId]:
    """List what the follower said no to, of an app."""
    asked = Asked(app.id, "zalo", scene.account.external_id, frozenset({FOLLOWER}))
    return set((await scene.house.words.find(asked)).refused)


async def test_a_withdrawal_told_there_ends_for_its_app_alone(isv: Isv) -> None:
    """The ISV could forge it: no other app's right ends by it, no pair is noted; what our own is told ends all."""
    scene = isv.scene
    await decide(scene, NAMED, app=scene.public_app)
    assert await isv.tell(withdrawal(isv)) == 200
    assert await refused(scene, scene.app) == {"crm_name", "crm_phone", "chat_read"}
    assert await refused(scene, scene.public_app) == set()
    await isv.teller.bring()
    bodies = [orjson.loads(each.body) for each in isv.receiver.came]
    assert [each["data"]["event"]["event_name"] for each in bodies if each["type"].startswith("zalo.")] == [
        "user_withdraw"
    ]
    async with scene.house.storage.read() as connection:
        assert (await connection.execute(profile_pairs.select())).all() == []
    assert await isv.teller.tell(withdrawal(isv)) == 200
    assert await refused(scene, scene.public_app) == {"crm_name"}


async def test_a_withdrawal_told_there_names_the_account(isv: Isv) -> None:
    """Of an OA that is not linked under it, or by a pair of ids that the gateway's own told: nothing ends."""
    scene = isv.scene
    assert await isv.teller.tell(isv.teller.message(user_id_by_app="77")) == 200
    for changes in ({"oa_id": None}, {"oa_id": "4000000000000009"}):
        assert await isv.tell(withdrawal(isv, **changes)) == 200
    assert await isv.tell(withdrawal(isv), key=KEY) == 401
    assert await refused(scene, scene.app) == set()
    assert await isv.teller.tell(withdrawal(isv, oa_id=None)) == 200
    assert await refused(scene, scene.app) == {"crm_name", "crm_phone", "chat_read"}


async def test_withdrawals_told_there_are_bounded(isv: Isv, monkeypatch: pytest.MonkeyPatch) -> None:
    """An ISV may sign one for any id, and each is kept for good: beyond the pace of its app nothing is, until later.

    What else it tells, and what our own is told, is heard all the same.
    """
    monkeypatch.setattr(hooks, "WITHDRAWALS", Limit(3, timedelta(minutes=15)))
    people = [str(10**18 + n) for n in range(6)]
    assert [await isv.tell(withdrawal(isv, user_id=each)) for each in people] == [200] * 3 + [429] * 3
    kept = await list_records(isv.scene.house, kinds=[Kind.WITHDRAWN_AT_PLATFORM])
    assert len(kept) == 3
    assert await isv.tell(isv.teller.message()) == 200
    assert await isv.count_copies() == 4  # that they took it back is told to the app too
    assert await isv.teller.tell(withdrawal(isv, user_id=people[-1])) == 200
    isv.scene.clock.advance(timedelta(minutes=5))
    assert [await isv.tell(withdrawal(isv, user_id=each)) for each in people[3:]] == [200, 429, 429]
