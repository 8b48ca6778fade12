"""What was taken back before anybody knew who it was, on both databases: what it ends later, what not, how long."""

from datetime import timedelta
from hashlib import sha256

import orjson
import pytest

from gateway.acts.end_at_platform import end_kept
from gateway.acts.keep_revocation import forget_revocations, keep_revocation
from gateway.acts.notice_endpoint import set_endpoint
from gateway.acts.parting_copies import Follower
from gateway.authority.bases import Asked, Said
from gateway.doors import of_people
from gateway.records.accounts.revoked import LASTS, Revocation, look_up_kept
from gateway.records.ledger.types import Actor
from gateway.records.outbox import queue
from scopes import load_catalogue
from tests.bringing import bring, row_of
from tests.contract.steps import verified
from tests.followers import CHAT, NAME, PHONE, decide_as, follow, with_asking_app
from tests.house import Scene, agree

ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For what no database does in its own way."""
LOGIN, APP = "8137520046001000239", "upstream-app"


async def revoke(scene: Scene, name: str = "a", *, subject_id: str = "", upstream_app: str = APP) -> None:
    """Let somebody of whom only the sign-in is known take everything back, a moment after all that was before."""
    scene.clock.advance(1)
    hashed, now = sha256(name.encode()).digest(), scene.house.clock.now()
    told = Revocation(hashed, "zalo", upstream_app, LOGIN, subject_id, "user.revoke.consent", now)
    await keep_revocation(scene.house, told)
    scene.clock.advance(1)


async def meet(scene: Scene, subject_id: str = "1", *, login: str = LOGIN) -> int:
    """Let it become known that a follower signs in by an id."""
    follower = Follower(scene.account.id, subject_id, login)
    return await end_kept(scene.house, follower, of_people(load_catalogue(), "zalo"), upstream_app=APP)


async def find_said(scene: Scene) -> Said:
    """Find what the follower said of the scene's app."""
    asked = Asked(scene.app.id, "zalo", scene.account.external_id, frozenset({"1"}))
    return await scene.house.words.find(asked)


async def asking(scene: Scene) -> Scene:
    """Return the scene whose app asks each follower, and listens where nobody is."""
    scene = await with_asking_app(scene)
    await agree(scene)
    await set_endpoint(scene.house, scene.app.id, "http://127.0.0.1:9/", Actor.system())
    return scene


async def test_it_ends_when_they_are_known(scene: Scene) -> None:
    """Once, however often it was told and they are met; of another sign-in, or another app's, nothing ends."""
    scene = await asking(scene)
    assert await bring(scene, row_of(scene, "1", NAME)) == ["granted"]
    for _ in range(2):
        await revoke(scene)
    await revoke(scene, "of another app", upstream_app="another")
    assert await meet(scene, login="another") == 0
    assert (await find_said(scene)).agreed == {NAME: {"1"}}
    assert [await meet(scene) for _ in range(2)] == [1, 0]
    assert (await find_said(scene)).refused.keys() == {NAME, PHONE, CHAT}
    assert (await verified(scene.house)).is_ok


@ON_SQLITE
async def test_a_yes_after_it_stands(scene: Scene) -> None:
    """Whoever was met decides anew, and is met again: what was done stays done; a later withdrawal ends that too."""
    scene = await asking(scene)
    await revoke(scene)
    await meet(scene)
    person, profile = await follow(scene, "1")
    await decide_as(scene, person, profile, ask_ids=[NAME], to=[NAME])
    assert await meet(scene) == 0
    assert (await find_said(scene)).agreed == {NAME: {"1"}}
    await revoke(scene, "b")
    assert await meet(scene) == 1
    assert (await find_said(scene)).agreed == {}


@ON_SQLITE
async def test_their_own_word_of_later_stands(scene: Scene) -> None:
    """Who came by another sign-in and agreed after it meant that; what they agreed to before ends, and is erased."""
    scene = await asking(scene)
    person, profile = await follow(scene, "1")
    await decide_as(scene, person, profile, ask_ids=[NAME], to=[NAME])
    await revoke(scene)
    await decide_as(scene, person, profile, ask_ids=[PHONE], to=[PHONE])
    assert await meet(scene) == 1
    assert (await find_said(scene)).agreed == {PHONE: {"1"}}
    async with scene.house.storage.read() as connection:
        notices = await queue.list_of_app(connection, scene.app.id, 9, before=None)
    told = [orjson.loads(each.body)["data"]["asks"] for each in notices if each.event == "quyen.grant.withdrawn"]
    assert [{each["ask"]: each["wanted"] for each in asks} for asks in told] == [{NAME: "erase", PHONE: "use"}]


@ON_SQLITE
async def test_whom_the_shop_let_in_later_it_does_not_touch(scene: Scene) -> None:
    """A contract of a day after is another processing; what is brought in tells of a yes from whenever, and ends."""
    await revoke(scene)
    await agree(scene)
    other = await asking(scene)
    assert await bring(other, row_of(other, "1", NAME)) == ["granted"]
    assert await meet(scene) == 1
    assert (await find_said(scene)).refused == {}
    said = await find_said(other)
    assert said.agreed == {}
    assert said.refused.keys() == {NAME}


@ON_SQLITE
async def test_it_may_say_as_whom_an_account_knows_them(scene: Scene) -> None:
    """Then it is nothing to an account that knows whoever signs in so by another id."""
    scene = await asking(scene)
    await revoke(scene, subject_id="2")
    assert await meet(scene, "1") == 0
    assert await meet(scene, "2") == 1


@ON_SQLITE
async def test_it_is_forgotten_when_nothing_from_before_it_can_stand(scene: Scene) -> None:
    """After a year: whatever was agreed to before it is over by itself."""
    house = scene.house

    async def count() -> int:
        return len(await look_up_kept(house.storage, house.vault, (LOGIN, "1"), platform="zalo", upstream_app=APP))

    await revoke(scene)
    scene.clock.advance(LASTS - timedelta(seconds=2))
    assert (await forget_revocations(house), await count()) == (0, 1)
    scene.clock.advance(timedelta(seconds=2))
    assert (await forget_revocations(house), await count()) == (1, 0)
