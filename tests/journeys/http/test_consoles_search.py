"""What the operators' own pages show is found by typing it; a person is not."""

from urllib.parse import quote

import pytest

from gateway.acts.look_up import Looker
from gateway.acts.register import NewPerson, add_person
from gateway.doors.consoles.operators import looks as looks_module
from gateway.doors.consoles.operators.looks import LASTS_SECONDS, RecentLooks
from gateway.records.accounts import store as accounts
from gateway.records.accounts.types import Account
from gateway.records.ledger import reading
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.reasons import Reason
from gateway.records.ledger.tables import ledger_records
from gateway.records.ledger.types import Actor
from gateway.records.people.types import Role
from gateway.terms.ids import AccountId, PersonId
from tests.house import agree
from tests.journeys.http.consoles_origin import Consoles
from tests.journeys.http.origin import Browser
from tests.journeys.http.test_consoles_log import REASON, fill, list_look_ups, rows
from tests.stand_ins.clock import ManualClock


async def test_what_the_pages_show_is_found(consoles: Consoles, operator: Browser) -> None:
    """A grant, an account by name, external id or id, and an ask lead to their rows, as words and by their keys."""
    ids = await fill(consoles)
    mine = [ids[name] for name in ("refused", "withdrawn", "passed", "decided")]
    account = consoles.scene.account
    async with consoles.scene.house.storage.read() as connection:
        record = await reading.find(connection, ids["decided"])
        (linked,) = await reading.list_records(connection, reading.Search(kinds=[Kind.LINKED]), 9)
    assert record is not None
    for key, typed in (
        ("grant", str(record.grant_id)),
        ("account", account.id),
        ("account", account.external_id),
        ("account", '"oa 4000000000000001"'),
    ):
        about = mine if key == "grant" else [*mine, linked.record_id]
        for query in (typed, f"{key}:{typed}"):
            assert [found for _, found in rows(await operator.get(f"/operators/log?q={quote(query)}"))] == about, query
    for typed, names in (("oa_profile", mine), ("crm_phone", [mine[1], mine[3]]), ("crm_phon", []), ("CRM_PHONE", [])):
        for query in (typed, f"ask:{typed}"):
            assert [found for _, found in rows(await operator.get(f"/operators/log?q={quote(query)}"))] == names, query
    assert rows(await operator.get("/operators/log?q=grant:gr_other")) == []
    assert rows(await operator.get("/operators/log?q=app:oa_profile")) == []


async def test_a_persons_name_is_no_word(consoles: Consoles, operator: Browser) -> None:
    """Followers' profiles are accounts too: their names and ids lead nowhere, a look-up has its reason."""
    scene = consoles.scene
    name = "Lê Thị Quan Tâm (mẫu)"
    async with scene.house.storage.unit() as unit:
        profile = Account(AccountId("ac_profile"), "zalo", "4000/77", name, scene.clock.now(), scene.account.id)
        await accounts.add(unit.connection, profile)
        await unit.commit()
    await agree(scene)
    async with scene.house.storage.unit() as unit:
        await unit.connection.execute(ledger_records.update().values(account_id=profile.id))
        await unit.commit()
    for query in (f'"{name}"', "4000/77", f'account:"{name}"'):
        assert rows(await operator.get(f"/operators/log?q={quote(query)}")) == []


async def test_the_same_look_again_is_one_act(consoles: Consoles, operator: Browser) -> None:
    """Reloaded and turned it is one record; with other words, another reason, or after five minutes one more each."""
    await fill(consoles)
    look = f"/operators/log?q=person:chu-1&reason={REASON}"
    for path in (look, look, f"{look}&cursor=x"):
        assert rows(await operator.get(path))
    assert len(await list_look_ups(consoles)) == 1
    for number, path in enumerate((f"{look}2", look.replace("chu-1", "chu-1+action:rut")), 2):
        for _ in range(2):
            assert rows(await operator.get(path))
        assert len(await list_look_ups(consoles)) == number
    consoles.scene.clock.advance(LASTS_SECONDS - 1)
    await operator.get(look)
    assert len(await list_look_ups(consoles)) == 3
    consoles.scene.clock.advance(1)
    await operator.get(look)
    assert len(await list_look_ups(consoles)) == 4


async def test_another_operator_and_an_export_are_acts_of_their_own(consoles: Consoles, operator: Browser) -> None:
    """What one looked at another looks at anew, and each file that leaves is told."""
    await fill(consoles)
    look = f"/operators/log?q=person:chu-1&reason={REASON}"
    await operator.get(look)
    person = NewPerson("van-hanh-2", "van-hanh-2 (mẫu)", frozenset({Role.OPERATOR}), None)
    second = await add_person(consoles.scene.house, person, Actor.system())
    async with consoles.signed_in(second) as other:
        await other.get(look)
    for _ in range(2):
        await operator.get(f"/operators/log/export?q=person:chu-1&format=csv&reason={REASON}")
    assert len(await list_look_ups(consoles)) == 4


async def test_opening_who_stands_behind_a_record_again_is_one_act(consoles: Consoles, operator: Browser) -> None:
    """The names are shown each time; the person is told once."""
    ids = await fill(consoles)
    for _ in range(3):
        page = await operator.get(f"/operators/log/{ids['decided']}?reason={REASON}")
        assert "chu-1 (mẫu)" in page.words
    assert len(await list_look_ups(consoles)) == 1


async def test_a_search_for_nobody_hides_no_look_that_follows(consoles: Consoles, operator: Browser) -> None:
    """Each is recorded: whoever has that login a moment later is looked at for the first time, and reads it (R55)."""
    look = f"/operators/log?q=person:nguoi-moi&reason={REASON}"
    for _ in range(2):
        assert (await operator.get(look)).status == 422
    fresh = await add_person(
        consoles.scene.house, NewPerson("nguoi-moi", "Mới (mẫu)", frozenset(), None), Actor.system()
    )
    for _ in range(2):
        assert (await operator.get(look)).status == 200
    async with consoles.scene.house.storage.read() as connection:
        looks = await reading.list_records(connection, reading.Search(kinds=[Kind.LOOKED_UP]), 9)
    nobody = {"how": "search_of_nobody"}
    assert [look.facts for look in looks] == [{"person": fresh.id, "how": "search"}, nobody, nobody]


async def test_what_is_remembered_of_looks_is_bounded(clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond so many each look is recorded, and what is over makes room."""
    monkeypatch.setattr(looks_module, "MOST", 1)
    looks, looker = RecentLooks(clock), Looker(PersonId("ps_1"), Reason("mẫu"))
    said: list[bool] = []
    for sought in ("a", "b", "a", "b"):
        with looks.noting(looker, sought) as noted:
            said.append(noted.is_again)
    clock.advance(LASTS_SECONDS)
    for _ in range(2):
        with looks.noting(looker, "b") as noted:
            said.append(noted.is_again)
    assert said == [False, False, True, False, False, True]
