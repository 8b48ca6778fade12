"""What the operators' own pages show is found by typing it; a person is not."""

from urllib.parse import quote

from gateway.records.accounts import store as accounts
from gateway.records.accounts.types import Account
from gateway.records.ledger import reading
from gateway.records.ledger.tables import ledger_records
from gateway.terms.ids import AccountId
from tests.house import agree
from tests.journeys.http.consoles_origin import Consoles
from tests.journeys.http.origin import Browser
from tests.journeys.http.test_consoles_log import fill, rows


async def test_what_the_pages_show_is_found(consoles: Consoles, operator: Browser) -> None:
    """A grant, an account by name, external id or id, and an ask lead to their rows, as words and by their keys."""
    ids = await fill(consoles)
    mine = [ids[name] for name in ("refused", "withdrawn", "passed", "decided")]
    account = consoles.scene.account
    async with consoles.scene.house.storage.read() as connection:
        record = await reading.find(connection, ids["decided"])
    assert record is not None
    for key, typed in (
        ("grant", str(record.grant_id)),
        ("account", account.id),
        ("account", account.external_id),
        ("account", '"oa 4000000000000001"'),
    ):
        for query in (typed, f"{key}:{typed}"):
            assert [found for _, found in rows(await operator.get(f"/operators/log?q={quote(query)}"))] == mine, query
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
