"""Text that no database keeps, wherever an outsider may write: as unknown as any other, and never a 500."""

import re
from collections.abc import AsyncIterator, Iterator
from itertools import product
from pathlib import Path
from urllib.parse import quote_plus, urlencode

import pytest
from sqlalchemy import select

from gateway.ground.web.csrf import form_token
from gateway.records.requests.tables import authorization_requests
from tests.contract.doors_served import Row, Served, both_served, plain
from tests.contract.steps import PROFILE
from tests.house import CHALLENGE, REDIRECT_URI, Scene

pytestmark = pytest.mark.timeout(300)  # some thousand requests
NUL = b"lr_%00"  # no text of PostgreSQL
SURROGATE = b"%ED%A0%80"  # no text of UTF-8
BY_TOKEN = "/v1/"  # takes JSON, and reads nothing before the token is known
OTHERS = (b"%FF", b"\xed\xa0\x80\xff", b"x" * 4000)
ODD = (NUL, SURROGATE, *OTHERS)


@pytest.fixture
async def doors(scene: Scene, tmp_path: Path) -> AsyncIterator[Served]:
    """Yield both origins, on each database."""
    async with both_served(scene, tmp_path) as served:
        yield served


@pytest.fixture
def is_for_the_database(scene: Scene) -> bool:
    """Tell whether to try what PostgreSQL keeps from no query: SQLite takes it, and gets what no request may hold."""
    return not scene.house.storage.is_sqlite


def in_path(doors: Served, row: Row, odd: bytes) -> Iterator[tuple[str, bytes]]:
    """Write the odd text into each parameter of a row's path in turn; the others stay real."""
    for name in re.findall(r"\{(\w+)", plain(row.endpoint.path)):
        yield name, plain(row.endpoint.path).format(**{**doors.real, name: "ODD"}).encode().replace(b"ODD", odd)


async def test_the_doors_are_read_whole(doors: Served) -> None:
    """What the tests below go through is what there is: known rows and names, of every door, are among it."""
    names = {(row.endpoint.path, name) for row in doors.rows for name in row.names}
    assert {
        ("/oauth/token", "code"),
        ("/permissions", "done"),
        ("/permissions/trace", "app"),
        ("/permissions/{grant}", "ask"),
        ("/receipts/verify", "receipt"),
        ("/developers/{client_id}", "lang"),
        ("/operators/log/{record_id}", "reason"),
    } <= names
    assert {row.port for row in doors.rows if row.endpoint.path == "/healthz"} == {row.port for row in doors.rows}


async def test_in_a_path_it_is_an_unknown_id(doors: Served) -> None:
    """Every parameter of every path of every door, read or written to: 404 for a NUL, and no 500 for anything."""
    asked = [(row, odd, *each) for row in doors.rows for odd in ODD for each in in_path(doors, row, odd)]
    assert {name for *_, name, _ in asked} == set(doors.real)
    for row, odd, name, target in asked:
        form = doors.form(row, "action", "withdraw") if row.method == "POST" else None
        status = await doors.ask(row, target, form)
        assert status == 404 if odd == NUL else status < 500, (row.method, row.endpoint.path, name, odd)


async def test_in_a_query_it_is_never_a_500(doors: Served, *, is_for_the_database: bool) -> None:
    """A NUL in each parameter that a door reads, alone; every other text in all of them at once, and as a name."""
    for row in doors.rows:
        if row.endpoint.method != "GET":
            continue
        alone = [b"%s=%s" % (name.encode(), NUL) for name in row.names if is_for_the_database]
        texts = (NUL, SURROGATE) if is_for_the_database else OTHERS
        at_once = [b"&".join([odd, *(b"%s=%s" % (name.encode(), odd) for name in row.names)]) for odd in texts]
        for query in (*alone, *at_once):
            assert await doors.ask(row, doors.path(row) + b"?" + query) < 500, (row, query)


async def test_in_a_form_it_is_never_a_500(doors: Served, *, is_for_the_database: bool) -> None:
    """Every field that a door reads, on each row that takes a form, alone or with all others; a NUL is refused."""
    taking = sorted(
        (row for row in doors.rows if row.method == "POST" and not row.endpoint.path.startswith(BY_TOKEN)),
        key=lambda row: "sign-out" in row.endpoint.path,
    )
    alone = (NUL, SURROGATE) if is_for_the_database else ()
    asked = [(row, name, odd) for odd in alone for row in taking for name in row.names]
    assert len(asked) > 200 or not is_for_the_database
    for row, name, odd in asked:
        status = await doors.ask(row, doors.path(row), doors.form(row, name, odd.decode()))
        assert status == 400 if odd == NUL else status < 500, (row.endpoint.path, name, odd)
    for row in taking:
        for odd in () if is_for_the_database else OTHERS:
            text = odd.decode("latin-1")
            fields = "&".join(f"{name}={text}" for name in (*row.names, text))
            assert await doors.ask(row, doors.path(row), doors.form(row, "x", f"x&{fields}")) < 500, (row, odd)


@pytest.mark.parametrize("code", [r"\u0000", r"lr_\u0000000000000000000000", r"BN-\u0000"])
async def test_a_receipt_that_is_called_so_is_unknown(doors: Served, code: str) -> None:
    """JSON in a form brings signs that the form itself may not hold."""
    (row,) = [each for each in doors.rows if (each.method, each.endpoint.path) == ("POST", "/receipts/verify")]
    pasted = f'{{"receipt": {{"receipt_id": "{code}"}}, "signature": "x"}}'
    assert await doors.ask(row, doors.path(row), doors.form(row, "receipt", quote_plus(pasted))) == 200


async def test_in_the_details_of_a_request_it_is_refused(doors: Served, scene: Scene) -> None:
    """So does JSON in a query; a request that is right otherwise opens no screen (RFC 9396)."""
    (row,) = [each for each in doors.rows if (each.endpoint.method, each.endpoint.path) == ("GET", "/oauth/authorize")]
    right = {"response_type": "code", "client_id": scene.app.id, "redirect_uri": REDIRECT_URI}
    right |= {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
    for member, text in product(("account", "scope"), ("1", r"\u0000", r"1\u0000")):
        raw_details = f'[{{"type": "quyen_ask", "ask": "{PROFILE}", "{member}": "{text}"}}]'
        target = f"/oauth/authorize?{urlencode({**right, 'authorization_details': raw_details})}"
        assert await doors.ask(row, target.encode()) in {303, 400}, (member, text)
    async with scene.house.storage.read() as connection:
        named = list(await connection.scalars(select(authorization_requests.c.account_named)))
    assert named.count("1") == 1, "the control"
    assert not [each for each in named if each and not each.isprintable()]


async def test_in_a_cookie_it_is_nobody(doors: Served) -> None:
    """A session that nobody has: to sign-in, or the page that anyone may see."""
    for odd in (b"\x80", b"\xed\xa0\x80", b'"\\000"', b"x" * 2000):
        cookie = b"; ".join(name + b"=" + odd for name in (b"quyen_session", b"quyen_form", b"quyen_chosen"))
        for row in doors.rows:
            form = f"csrf_token={form_token('x')}".encode() if row.method == "POST" else None
            status = await doors.ask(row, doors.path(row), form, cookie=cookie)
            assert status == 303 if row.endpoint.roles else status < 500, (row, odd)
