"""Who gets into the consoles, what a query or a name can do there, and what a page or file gives away."""

import csv
import io
from dataclasses import replace
from urllib.parse import quote

import orjson
import pytest

from gateway.acts.decide import DURATIONS, Answer, decide
from gateway.acts.open_request import Asked, open_request
from gateway.acts.register import NewPerson, add_person, register_app
from gateway.acts.show_request import show_request
from gateway.doors.consoles.developers.endpoints import endpoints as developer_endpoints
from gateway.doors.consoles.operators.endpoints import endpoints as operator_endpoints
from gateway.records.ledger import reading
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.types import Actor
from gateway.records.people.types import Role
from gateway.records.trace.types import Outcome
from gateway.terms.ids import AppId
from tests.house import CHALLENGE, REDIRECT_URI, agree, app_of, ask_of, link_account
from tests.journeys.http.consoles_origin import OWN_ASKS, Consoles
from tests.journeys.http.origin import Browser

OPERATORS_PATHS = (
    "/operators",
    "/operators/log",
    "/operators/log?q=person:chu-1&reason=xem",
    "/operators/log/export?format=csv&reason=xem",
    "/operators/log/lr_0000000000000000000000?reason=xem",
)
DEVELOPERS_PATHS = ("/developers", "/developers/cua-toi")
CURSORS = ("x", "%00", "MSAxIDE", "'", "MTc5NTIxNjg2MDAwMDAwMCB0cmFjZSAA", "a" * 2000, "LTEgbG9nIDE")
INJECTIONS = (
    "'", "''", '"%"', "%", "\\", "' OR 1=1 --", "'; DROP TABLE apps; --", "app:%", "app:_", "app:'", "person:'",
    "person:%", "action:%", "before:'", "cursor:1", "\u0301", "app:\u0301", "👨\u200d👩",
    "\u202eapp", "ＡＰＰ:so", "app:\ufeff", "a" * 501,
    "\x00", "app:\x00", "person:\x00", "person:\ud7ff", "(" * 200, '"' * 99, ":" * 99,
)  # fmt: skip


async def list_recorded(consoles: Consoles, *kinds: Kind) -> list[Kind]:
    """Return the kinds of these records that the log holds."""
    async with consoles.scene.house.storage.read() as connection:
        found = await reading.list_records(connection, reading.Search(kinds=kinds), 50)
    return [record.kind for record in found]


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.OPERATOR])
async def test_no_other_role_operates(consoles: Consoles, role: Role) -> None:
    """Every operators' page is 403 for every other role, whatever it asks, and nothing is recorded."""
    person = await add_person(
        consoles.scene.house, NewPerson("nguoi-x", "X (mẫu)", frozenset({role}), None), Actor.system()
    )
    async with consoles.signed_in(person) as browser:
        assert {(await browser.get(path)).status for path in OPERATORS_PATHS} == {403}
    assert await list_recorded(consoles, Kind.LOOKED_UP, Kind.EXPORTED) == []


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.DEVELOPER])
async def test_no_other_role_develops(consoles: Consoles, role: Role) -> None:
    """Every developers' page is 403 for every other role, operators too."""
    person = await add_person(
        consoles.scene.house, NewPerson("nguoi-x", "X (mẫu)", frozenset({role}), None), Actor.system()
    )
    async with consoles.signed_in(person) as browser:
        assert {(await browser.get(path)).status for path in DEVELOPERS_PATHS} == {403}


async def test_a_stranger_signs_in_first(consoles: Consoles) -> None:
    """Without a session every page leads to sign-in and nothing is recorded."""
    async with consoles.signed_in(None) as stranger:
        for path in (*OPERATORS_PATHS, *DEVELOPERS_PATHS):
            assert (await stranger.get(path)).location.startswith("/sign-in?return_to=")
    assert await list_recorded(consoles, Kind.LOOKED_UP, Kind.EXPORTED) == []


async def test_the_tables_admit_one_role_each_and_read_but_for_an_endpoint(consoles: Consoles) -> None:
    """Each row of both tables names exactly its console's role, and only GET, but for an app's own endpoint."""
    no_door = None
    operating, developing = operator_endpoints(no_door), developer_endpoints(no_door)  # type: ignore[arg-type]
    assert {row.roles for row in operating} == {frozenset({Role.OPERATOR})}
    assert {row.roles for row in developing} == {frozenset({Role.DEVELOPER})}
    posts = [row.path for row in (*operating, *developing) if row.method != "GET"]
    assert posts == ["/developers/{client_id}/notices"]


async def test_another_developers_app_is_as_unknown_as_none(consoles: Consoles) -> None:
    """Another developer's app, an app of nobody and an app that is not there read the same: 404 (IDOR)."""
    async with consoles.signed_in(consoles.rival) as rival:
        pages = [await rival.get(f"/developers/{each}") for each in ("cua-toi", "so-ban-hang", "khong-co", "%00", "'")]
    assert {page.status for page in pages} == {404}
    assert not any("Của tôi" in page.text or "Sổ bán" in page.text for page in pages)


@pytest.mark.parametrize("query", INJECTIONS)
async def test_a_query_is_never_more_than_words(consoles: Consoles, operator: Browser, query: str) -> None:
    """Quotes, wildcards, controls and odd Unicode are words that match nothing, or are told as such: never a 500."""
    await agree(consoles.scene)
    page = await operator.get(f"/operators/log?q={quote(query)}&reason=kiem+tra")
    assert page.status in {200, 422}
    assert "data-record" not in page.text
    export = await operator.get(f"/operators/log/export?q={quote(query)}&format=json&reason=kiem+tra")
    assert export.status == 422 or orjson.loads(export.text) == []


@pytest.mark.parametrize("cursor", CURSORS)
async def test_a_forged_cursor_shows_a_page(operator: Browser, cursor: str) -> None:
    """A cursor that nobody handed out shows some page of the same search."""
    assert (await operator.get(f"/operators/log?cursor={cursor}")).status == 200


async def test_another_site_starts_no_look_up(consoles: Consoles, operator: Browser) -> None:
    """A link on another site cannot make an operator look somebody up, open a name or take an export."""
    record_id = (await agree(consoles.scene)).recorded.record_id
    for path in (
        "/operators/log?q=person:chu-1&reason=x",
        f"/operators/log/{record_id}?reason=x",
        "/operators/log/export?format=csv&reason=x",
    ):
        for site in ("cross-site", "same-site"):
            assert (await operator.get(path, **{"Sec-Fetch-Site": site})).status == 403
    assert await list_recorded(consoles, Kind.LOOKED_UP, Kind.EXPORTED) == []


async def test_nothing_personal_is_on_the_pages_or_in_the_files(consoles: Consoles, operator: Browser) -> None:
    """Neither log, record, trace line nor export holds a login of the people in it, or the words that they saw."""
    decided = await agree(consoles.scene)
    line = await consoles.call(decided, Outcome.PASSED)
    paths = ["/operators/log", f"/operators/log/{decided.recorded.record_id}", f"/operators/log/{line.id}"]
    paths += [f"/operators/log/export?format={each}&reason=kiem+tra" for each in ("csv", "json", "ndjson")]
    pages = [await operator.get(path) for path in paths]
    assert {page.status for page in pages} == {200}
    for page in pages:
        assert "chu-1" not in page.text
        assert "Chữ đã hiện" not in page.text


async def test_an_account_that_is_a_person_stands_as_its_id(consoles: Consoles, operator: Browser) -> None:
    """A Matrix account's name is a person's; list, record and export show its id instead."""
    scene = consoles.scene
    them, name = scene.other_owner.id, "@an:may-chu.example"
    account = await link_account(scene.house, them, external_id=name, platform="matrix")
    asked = Asked(scene.app.id, tuple(ask.id for ask in scene.asks), REDIRECT_URI, "s", CHALLENGE)
    request = await open_request(scene.house, asked)
    await show_request(scene.house, request.id, them)
    said = Answer(them, account.id, scene.all_asks, DURATIONS["P30D"], "Chữ đã hiện (mẫu)", "vi")
    decided = await decide(scene.house, request.id, said)
    pages = [
        await operator.get(path)
        for path in (
            "/operators/log",
            f"/operators/log/{decided.recorded.record_id}",
            "/operators/log/export?format=json&reason=kiem+tra",
        )
    ]
    assert all(account.id in page.text for page in pages)
    assert not any("may-chu.example" in page.text for page in pages)


@pytest.mark.parametrize("name", ['=HYPERLINK("https://xau.example")', "+1", "-1", "@SUM(A1)", "\t=1", " =1", "＝1"])
async def test_no_name_becomes_a_formula(consoles: Consoles, operator: Browser, name: str) -> None:
    """An app whose name is a formula stays text in the CSV, quoted and guarded, and the columns stay apart."""
    app = replace(app_of(name, "xau", is_confidential=False, clock=consoles.scene.clock), id=AppId("xau"))
    await register_app(consoles.scene.house, app, [ask_of(app.id, row) for row in OWN_ASKS], Actor.system())
    sheet = await operator.get("/operators/log/export?format=csv&reason=kiem+tra&q=app:xau")
    (row,) = csv.DictReader(io.StringIO(sheet.text.removeprefix("\ufeff")))
    assert row["app"][0] in {"'", "\N{REPLACEMENT CHARACTER}"}
    assert row["app_id"] == "xau"
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in row.values())


async def test_a_hostile_app_name_stays_text(consoles: Consoles, operator: Browser) -> None:
    """Markup and reordering signs in a name or a query never reach the page as such."""
    app = app_of("<script>alert(1)</script>\u202e(mẫu)", "xau", is_confidential=False, clock=consoles.scene.clock)
    await register_app(consoles.scene.house, app, [ask_of(app.id, row) for row in OWN_ASKS], Actor.system())
    page = await operator.get(f"/operators/log?q={quote('<script>alert')}")
    assert "data-record" in page.text
    assert "<script" not in page.text
    assert "\u202e" not in page.text
    assert "&lt;script&gt;" in page.text


@pytest.mark.parametrize(
    "path", ["/operators/log", "/operators/log/export", "/operators/log?q=ap:x", "/operators/log/lr_x"]
)
async def test_pages_carry_every_header(operator: Browser, path: str) -> None:
    """Each answer, refusals too, forbids framing, caching, sniffing, inline code and leaving by a form."""
    page = await operator.get(path)
    policy = page.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:;")
    assert policy.endswith("base-uri 'none'; frame-ancestors 'none'; form-action 'self'")
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["X-Request-ID"].startswith("re_")


async def test_menus_name_only_what_there_is(consoles: Consoles, operator: Browser) -> None:
    """The first page leads to both consoles; no menu or page names the parts that are not begun."""
    async with consoles.signed_in(None) as stranger:
        first = await stranger.get("/")
    assert 'href="/developers"' in first.text
    assert 'href="/operators/log"' in first.text
    page = await operator.get("/operators/log")
    for absent in ("Tổng quan", "Duyệt ứng dụng", "Khiếu nại", "Sự cố", "ocsf", "OCSF", "log/tail"):
        assert absent not in page.text
    assert (await operator.get("/operators/log/tail")).status == 404
