"""What an operator's look-up of a follower finds, who did none of it themself."""

from gateway.records.accounts import store as accounts
from gateway.records.ledger import reading
from gateway.records.ledger.kinds import Kind
from tests.bringing import bring, row_of
from tests.followers import NAME, follow, take_back_at_zalo, with_asking_app
from tests.house import agree
from tests.journeys.http.consoles_origin import Consoles
from tests.journeys.http.origin import Browser
from tests.journeys.http.test_consoles_log import REASON, rows


async def test_a_look_up_finds_what_nobody_here_did(consoles: Consoles, operator: Browser) -> None:
    """What was brought in of the person, and what they took back at the platform itself, is theirs as well."""
    asking = await with_asking_app(consoles.scene)
    await agree(asking)
    await bring(asking, row_of(asking, "1", NAME), row_of(asking, "2", NAME))
    await take_back_at_zalo(asking, "1")
    await follow(asking, "1")
    await follow(asking, "2")
    found = await operator.get(f"/operators/log?q=person:khach-1&reason={REASON}")
    async with asking.house.storage.read() as connection:
        records = await reading.list_records(connection, reading.Search(), 99)
        mine = await accounts.find_external(connection, "zalo", f"{asking.account.external_id}/1")
    assert mine is not None
    about_me = {record.record_id for record in records if record.account_id == mine.id}
    kinds = {record.kind for record in records if record.record_id in about_me}
    assert {Kind.BROUGHT_IN, Kind.WITHDRAWN_AT_PLATFORM} <= kinds
    of_others = {r.record_id for r in records if r.kind in {Kind.BROUGHT_IN, Kind.DECIDED}} - about_me
    assert of_others
    shown = {record_id for source, record_id in rows(found) if source == "log"}
    assert (about_me - shown, of_others & shown) == (set(), set())
