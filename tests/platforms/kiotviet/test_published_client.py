"""`tap-kiotviet`, a published client of KiotViet's, works through the gateway unchanged: a token, a list, a no.

It has KiotViet's addresses built in, so the two host names lead to the gateway's two origins, as an operator would have
it. Its one stream that is switched on, `returns`, is all that it reads.
"""

import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from yarl import URL

from gateway.acts.withdraw import withdraw
from gateway.records.ledger.types import Actor, ActorKind
from tests.platforms.kiotviet.endpoints import RETURN
from tests.platforms.kiotviet.stage import Stage
from tests.platforms.sandbox.kiotviet_caller import KEY
from tests.protocol.connection_keys import KeyedApp, make_key
from tests.protocol.wire import PLATFORMS, Wire, served
from tests.services.kiotviet_tap import KiotVietTap, Ran
from tests.stand_ins.tls_front import TlsFront, tls_front

TOKEN_HOST, API_HOST = "id.kiotviet.vn", "public.kiotapi.com"
SINCE = "2020-01-01"
READ, STAFF = "kiotviet.invoice.read", "kiotviet.staff.read"
SHOWN = ("id", "code", "invoiceId", "branchName", "returnTotal", "status", "statusValue", "modifiedDate")
NAMES = ("soldByName", "customerName", "customerCode")
SENT = rf"currentItem=0&orderDirection=asc&sort=modifiedDate&pageSize=100&lastModifiedFrom={SINCE}&toDate=[0-9-]{{10}}"

Run = Callable[[KeyedApp], Awaitable[Ran]]


def page(first: int) -> str:
    """Return the query that reaches KiotViet for the page from this row on: without `sort` and `toDate`."""
    return f"currentItem={first}&orderDirection=asc&pageSize=100&lastModifiedFrom={SINCE}"


@pytest.fixture(scope="module")
async def wire(shared: Stage) -> AsyncIterator[Wire]:
    """Yield the OAuth door of the same house."""
    async with served(shared.scene, platforms={**PLATFORMS, "kiotviet": (READ, STAFF)}) as wire:
        yield wire


@pytest.fixture(scope="module")
async def front(shared: Stage, wire: Wire, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[TlsFront]:
    """Yield the way from KiotViet's two hosts to the gateway's two origins."""
    token_host, api = URL(f"{wire.door.issuer}/dialect/kiotviet"), URL(f"{shared.app.base}/kiotviet")
    async with tls_front(tmp_path_factory.mktemp("front"), {TOKEN_HOST: token_host, API_HOST: api}) as front:
        yield front


@pytest.fixture
def run(kiotviet_tap: KiotVietTap, front: TlsFront, tmp_path: Path) -> Run:
    """Return what runs the client with a key in its settings, where KiotViet's own stood."""

    async def run(keyed: KeyedApp) -> Ran:
        settings = {"client_id": keyed.key.credential.id, "client_secret": keyed.key.raw_secret}
        settings |= {"retailer": KEY.retailer, "start_date": SINCE}
        return await kiotviet_tap.run(tmp_path, settings, proxy=front.url, authority=front.authority)

    return run


@pytest.mark.parametrize("scopes,names", [((READ,), set()), ((READ, STAFF), {"soldByName"})], ids=["without", "with"])
async def test_it_reads_what_the_owner_agreed_to(
    shared: Stage, wire: Wire, run: Run, front: TlsFront, scopes: tuple[str, ...], names: set[str]
) -> None:
    """Its records are KiotViet's, less the fields of scopes that nobody agreed to; what reaches KiotViet is ours."""
    keyed = await make_key(wire, f"tap-{len(scopes)}", scopes)
    front.targets.clear()
    ran = await run(keyed)
    assert ran.code == 0, ran.log
    (record,), (row,) = ran.records, shared.rows["returns"]
    assert {name: record[name] for name in SHOWN} == {name: row[name] for name in SHOWN}
    assert {name for name in NAMES if name in record} == names
    assert all((row[name] in json.dumps(ran.messages, ensure_ascii=False)) == (name in names) for name in NAMES)
    asked, called = front.targets
    assert asked == f"{TOKEN_HOST} POST /connect/token"
    assert re.fullmatch(rf"{API_HOST} GET /returns\?{SENT}", called)
    arrived = (await shared.arrived())[-1]
    assert arrived["target"] == f"/returns?{page(0)}"
    assert arrived["headers"]["Retailer"] == KEY.retailer
    assert "qat_" not in json.dumps(arrived)
    assert set(front.asked) == {f"CONNECT {TOKEN_HOST}:443", f"CONNECT {API_HOST}:443"}


async def test_it_reads_page_after_page(shared: Stage, wire: Wire, run: Run) -> None:
    """It goes on from row to row, as it does at KiotViet, until it has them all."""
    keyed, (first, *_) = await make_key(wire, "tap-pages", (READ,)), shared.rows["returns"]
    more = [{**first, "id": RETURN + number, "code": f"TH{number + 1:06}"} for number in range(1, 101)]
    shared.rows["returns"] += more
    ran = await run(keyed)
    del shared.rows["returns"][1:]
    assert ran.code == 0, ran.log
    assert [record["id"] for record in ran.records] == list(range(RETURN, RETURN + 101))
    assert [one["target"] for one in (await shared.arrived())[-2:]] == [f"/returns?{page(0)}", f"/returns?{page(100)}"]


async def test_what_was_not_agreed_to_is_a_no_that_it_understands(shared: Stage, wire: Wire, run: Run) -> None:
    """A list that no agreed scope opens is a 403 for it; it ends, and nothing reaches KiotViet."""
    keyed, before = await make_key(wire, "tap-other", (STAFF,)), len(await shared.kiot.received())
    ran = await run(keyed)
    assert (ran.code, ran.records) == (1, [])
    assert "FatalAPIError: 403 Client Error" in ran.log
    assert len(await shared.kiot.received()) == before


async def test_after_a_withdrawal_it_reads_nothing(shared: Stage, wire: Wire, run: Run, front: TlsFront) -> None:
    """The run before it works, the next one gets no token, ends, and nothing reaches KiotViet."""
    keyed = await make_key(wire, "tap-ended", (READ,))
    assert (await run(keyed)).records
    await withdraw(wire.house, keyed.grant_id, Actor(ActorKind.PERSON, shared.scene.owner.id))
    before = len(await shared.kiot.received())
    front.targets.clear()
    ran = await run(keyed)
    assert (ran.code, ran.records) == (1, [])
    assert "'error': 'invalid_grant'" in ran.log
    assert front.targets == [f"{TOKEN_HOST} POST /connect/token"]
    assert len(await shared.kiot.received()) == before
