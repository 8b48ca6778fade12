"""Verification compares standings and connections with the log: no row of theirs changes without a record."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from gateway.acts.link import finish_link, start_link
from gateway.acts.profiles import keep_profile
from gateway.acts.renew import lose, renew
from gateway.acts.unlink import unlink
from gateway.acts.upstream_apps import Brought, bring_upstream, remove_upstream
from gateway.platforms import Profile, Trouble
from gateway.records.accounts import store as accounts
from gateway.records.accounts.types import SELF, Connection
from gateway.records.apps import upstreams
from gateway.records.apps.upstreams import UpstreamApp
from gateway.records.ledger.canonical import CanonicalRecord
from gateway.records.ledger.findings import Finding
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.links import fold_links
from gateway.records.ledger.types import Draft
from gateway.records.people.types import Person
from gateway.terms.ids import GATEWAYS_OWN
from tests.contract.platform import StandInPlatform
from tests.contract.steps import SYSTEM, verified
from tests.followers import met
from tests.house import Scene
from tests.ready import scene_in
from tests.stand_ins.clock import ManualClock

MINE, SECRET = "5566778899001", "bi-mat-rieng"
STANDING = "id, account_id, person_id, role, proven_how, proven_at, lapses_at"
CONNECTION = (
    "id, account_id, upstream_app, state, lost_reason, sealed_credential, generation, credential_expires_at,"
    " changed_at, brought_id"
)


@pytest.fixture
async def scene(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Scene]:
    """Yield a house on SQLite: what is stored is compared by one code on both databases."""
    async with scene_in(tmp_path, clock) as scene:
        yield scene


def change(scene: Scene, statement: str) -> None:
    """Change one row past the gateway, as anyone who can write the file can."""
    with closing(sqlite3.connect(scene.house.storage.url.partition("///")[2])) as database, database:
        assert database.execute(statement).rowcount == 1


def put(scene: Scene, link: Connection, values: str) -> None:
    """Change one connection so."""
    change(scene, f"UPDATE connections SET {values} WHERE id = '{link.id}'")  # noqa: S608


async def faults(scene: Scene) -> list[str]:
    """Say what verification finds, without ids."""
    found = [each.reason.split() for each in (await verified(scene.house)).bad]
    return [" ".join(word for word in words if "_" not in word) for words in found]


async def link(
    scene: Scene, platform: StandInPlatform, person: Person | None = None, upstream: UpstreamApp | None = None
) -> Connection:
    """Let somebody (the owner, if nobody is named) link the platform's account; return the connection."""
    person_id = (person or scene.owner).id
    journey = await start_link(scene.house, platform, person_id, return_to="/", upstream=upstream)
    done = await finish_link(scene.house, platform, person_id, raw_state=journey.raw_state, raw_code="code")
    brought_id = upstream.id if upstream else GATEWAYS_OWN
    async with scene.house.storage.read() as connection:
        kept = await accounts.find_connection(connection, done.account.id, brought_id=brought_id)
    assert kept is not None
    return kept


@pytest.mark.parametrize(
    "column,value",
    [
        ("account_id", "'ac_other'"),
        ("person_id", "(SELECT id FROM people WHERE login = 'chu-2')"),
        ("role", "'owner'"),
        ("proven_how", "'khác'"),
        ("proven_at", "proven_at + 1"),
        ("lapses_at", "lapses_at + 1"),
        ("lapses_at", "'không phải'"),
        ("lapses_at", str(2**60)),
    ],
)
async def test_a_standing_that_was_changed_is_named(scene: Scene, column: str, value: str) -> None:
    """Another person in it, a later end: the record that proved it is named."""
    assert await faults(scene) == []
    change(scene, f"UPDATE standings SET {column} = {value}")  # noqa: S608 - the test's own words
    (bad,) = (await verified(scene.house)).bad
    assert bad.reason.endswith("is not what the log says")
    assert bad.record_id is not None


async def test_a_standing_that_was_added_or_removed_is_named(scene: Scene) -> None:
    """One that nobody proved, and one that somebody did."""
    forged = "'st_x', account_id, (SELECT id FROM people WHERE login = 'chu-2'), role, proven_how, proven_at, lapses_at"
    change(scene, f"INSERT INTO standings ({STANDING}) SELECT {forged} FROM standings")  # noqa: S608
    assert await faults(scene) == ["standing of account stands in no record"]
    change(scene, "DELETE FROM standings WHERE id <> 'st_x'")
    assert await faults(scene) == ["standing of the log is missing", "standing of account stands in no record"]


@pytest.mark.parametrize(
    "column,value",
    [
        ("account_id", "'ac_other'"),
        ("upstream_app", "'khác'"),
        ("brought_id", "'ua_other'"),
        ("state", "'lost'"),
        ("lost_reason", "'access_removed'"),
        ("generation", "0"),
        ("generation", "'không phải'"),
    ],
)
async def test_a_connection_that_was_changed_is_named(scene: Scene, column: str, value: str) -> None:
    """Led elsewhere, said to be lost, older than its record."""
    assert await faults(scene) == []
    change(scene, f"UPDATE connections SET {column} = {value}")  # noqa: S608
    (bad,) = (await verified(scene.house)).bad
    assert bad.reason.endswith("is not what the log says")
    assert bad.record_id is not None


async def test_a_connection_that_was_added_or_removed_is_named(scene: Scene) -> None:
    """One that nobody linked, and one that somebody did."""
    forged = "'cn_x', account_id, upstream_app, state, lost_reason, sealed_credential, 1, NULL, changed_at, 'ua_x'"
    change(scene, f"INSERT INTO connections ({CONNECTION}) SELECT {forged} FROM connections")  # noqa: S608
    assert await faults(scene) == ["connection of account stands in no record"]
    change(scene, "DELETE FROM connections WHERE id <> 'cn_x'")
    assert await faults(scene) == ["connection of the log is missing", "connection of account stands in no record"]


async def test_what_renews_and_loses_a_connection_is_no_fault(scene: Scene) -> None:
    """A renewal has no record and a loss has one; called live again by hand, it is named, unless it was renewed."""
    platform = StandInPlatform()
    renewed = await renew(scene.house, platform, await link(scene, platform))
    assert renewed.generation == 2
    assert await faults(scene) == []
    put(scene, renewed, "state = 'lost', lost_reason = 'access_removed'")
    assert await faults(scene) == ["connection is not what the log says"]
    put(scene, renewed, "state = 'live', lost_reason = NULL")
    await lose(scene.house, renewed, Trouble.ACCESS_REMOVED)
    assert await faults(scene) == []
    put(scene, renewed, "state = 'live', lost_reason = NULL")
    assert await faults(scene) == ["connection is not what the log says"]
    put(scene, renewed, "generation = 3")  # as the journal's newer credential is put back
    assert await faults(scene) == []


async def test_every_act_on_them_tells_what_it_left(scene: Scene) -> None:
    """Linked anew, under an app's own upstream app, replaced, removed, a follower's: the log folds to the rows."""
    house, platform = scene.house, StandInPlatform()
    await link(scene, platform)
    scene.clock.advance(60)
    assert (await link(scene, platform)).generation == 2
    await bring_upstream(house, Brought(scene.app.id, "zalo", MINE, SECRET), SYSTEM)
    async with house.storage.read() as connection:
        upstream = await upstreams.find_of(connection, scene.app.id, "zalo")
    await link(scene, platform, upstream=upstream)
    assert await faults(scene) == []
    await bring_upstream(house, Brought(scene.app.id, "zalo", f"{MINE}2", SECRET), SYSTEM)
    assert await faults(scene) == []
    await remove_upstream(house, scene.app.id, "zalo", SYSTEM)
    assert await faults(scene) == []
    for person in (scene.owner, scene.other_owner):  # whose the profile was, and whose it is
        await keep_profile(house, scene.account, met("1"), person_id=person.id)
        scene.clock.advance(60)
    assert await faults(scene) == []


async def test_the_last_to_leave_takes_the_connections_along(scene: Scene) -> None:
    """Of two whose own account it is, each leaves by a record; put back by hand, the connection is named."""
    platform = StandInPlatform(profile=Profile("4000000000000077", "Người mẫu (mẫu)", SELF))
    people = scene.owner, scene.other_owner
    kept = [await link(scene, platform, person) for person in people][-1]
    for person in people:
        await unlink(scene.house, kept.account_id, person.id)
        assert await faults(scene) == []
    forged = f"'{kept.id}', '{kept.account_id}', upstream_app, 'live', NULL, sealed_credential, 2, NULL, changed_at, ''"
    change(scene, f"INSERT INTO connections ({CONNECTION}) SELECT {forged} FROM connections")  # noqa: S608
    assert await faults(scene) == ["connection of account stands in no record"]


async def test_what_a_record_of_an_older_program_is_about_is_not_judged(scene: Scene) -> None:
    """It told neither row; what is told since is compared, and rows of other accounts are."""
    forged = "'st_x', account_id, (SELECT id FROM people WHERE login = 'chu-2'), role, proven_how, proven_at, lapses_at"
    change(scene, f"INSERT INTO standings ({STANDING}) SELECT {forged} FROM standings")  # noqa: S608
    assert await faults(scene) == ["standing of account stands in no record"]
    facts = {"platform": "zalo", "role": "admin", "how": "zalo_link"}
    async with scene.house.storage.unit() as unit:
        draft = Draft(Kind.LINKED, scene.clock.now(), SYSTEM, facts, account_id=scene.account.id)
        await scene.house.ledger.append(unit.connection, draft)
        await unit.commit()
    assert await faults(scene) == []
    change(scene, "UPDATE standings SET lapses_at = lapses_at + 1 WHERE id <> 'st_x'")
    assert await faults(scene) == ["standing is not what the log says"]


def test_what_a_forged_record_says_of_them_is_no_stumbling_block() -> None:
    """Verification goes on over facts of any form; signatures tell of the forgery."""
    finding = Finding()
    record = CanonicalRecord(
        seq=1,
        record_id="lr_1",
        kind="linked",
        at_us=0,
        grant_id="",
        version=0,
        app_id="",
        account_id="ac_1",
        actor_kind="system",
        actor_id="",
        request_id="",
        facts=b"{}",
    )
    odd: list[Any] = [{"standings": 5, "unconnected": []}, {"standings": [7], "connections": [{"generation": "x"}]}]
    for facts in odd:
        fold_links(finding, record, facts)
    assert finding.standings == {}
    assert finding.untold == {"ac_1"}
    assert list(finding.connections) == ["None"]
