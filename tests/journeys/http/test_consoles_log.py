"""The operators' log over HTTP: one search over decisions and calls, single records, exports, look-ups that tell."""

import csv
import io
import re
import sqlite3
from html import unescape
from pathlib import Path
from urllib.parse import quote, urlsplit

import orjson
import pytest

from gateway.acts.verify_log import verify_log
from gateway.acts.withdraw import withdraw
from gateway.records.ledger import reading
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.types import Actor, ActorKind, Checked, Record
from gateway.records.ledger.verification import Finding
from gateway.records.trace.types import Outcome
from gateway.server.house import log_parts
from gateway.terms.ids import AskId
from tests.house import agree, settings_for
from tests.journeys.http.consoles_origin import Consoles
from tests.journeys.http.origin import Browser, Page

REASON = quote("trả lời khiếu nại số 192")


def rows(page: Page) -> list[tuple[str, str]]:
    """Return source and id of each row."""
    assert page.status == 200, page.words
    return re.findall(r'<tr role="row" data-source="(\w+)" data-record="(\w+)">', page.text)


def mended(page: Page) -> str:
    """Return the query that the page offers instead."""
    found = re.search(r'href="/operators/log\?q=([^"]*)"><code>([^<]*)</code>', page.text)
    assert found, page.words
    return unescape(found[2])


async def fill(consoles: Consoles) -> dict[str, str]:
    """Let the owner agree, the app call (one call passes, one is refused), the owner withdraw; return the ids."""
    scene = consoles.scene
    scene.clock.advance(60)
    decided = await agree(scene)
    scene.clock.advance(60)
    passed = await consoles.call(decided, Outcome.PASSED)
    scene.clock.advance(60)
    assert decided.grant_id is not None
    owner = Actor(ActorKind.PERSON, scene.owner.id)
    withdrawn = await withdraw(scene.house, decided.grant_id, owner, ask_ids=scene.all_asks)
    scene.clock.advance(60)
    refused = await consoles.call(decided, Outcome.REFUSED, "insufficient_scope")
    return {
        "decided": decided.recorded.record_id,
        "passed": passed.id,
        "withdrawn": withdrawn.recorded.record_id,
        "refused": refused.id,
    }


async def list_look_ups(consoles: Consoles) -> list[Record]:
    """Return what the looked-up owner finds in the log about looks at them."""
    wanted = reading.Search(person_id=consoles.scene.owner.id, kinds=[Kind.LOOKED_UP])
    async with consoles.scene.house.storage.read() as connection:
        return await reading.list_records(connection, wanted, 50)


async def verified(consoles: Consoles, folder: Path) -> Finding:
    """Verify the log, as `quyen log verify` does."""
    storage = consoles.scene.house.storage
    parts = await log_parts(settings_for(folder), storage)
    return await verify_log(storage, parts.key, parts.person_keys, checkpoints=parts.checkpoints)


async def test_operators_leads_to_the_log(operator: Browser) -> None:
    """`/operators` has nothing of its own yet and leads to the log, in the same language."""
    assert (await operator.get("/operators")).location == "/operators/log"
    assert (await operator.get("/operators?lang=en")).location == "/operators/log?lang=en"


async def test_decisions_and_calls_are_found_in_one_search(consoles: Consoles, operator: Browser) -> None:
    """One search finds the decision and the withdrawal (log), the call and the refused call (trace), newest first."""
    ids = await fill(consoles)
    found = rows(await operator.get("/operators/log?q=" + quote('app:"Sổ bán"')))
    expected = [("trace", "refused"), ("log", "withdrawn"), ("trace", "passed"), ("log", "decided")]
    assert found[:4] == [(source, ids[name]) for source, name in expected]
    assert ("log", ids["decided"]) in rows(await operator.get("/operators/log"))


@pytest.mark.parametrize(
    "query,names",
    [
        ("app:so-ban-hang source:trace", ["refused", "passed"]),
        ("app:SO-BAN-HANG outcome:refused", ["refused"]),
        ("action:call", ["refused", "passed"]),
        ('"ho so oa"', ["refused", "passed"]),
        ("action:rut", ["withdrawn"]),
        ('action:"Rút lại"', ["withdrawn"]),
        ("action:withdrawn", ["withdrawn"]),
        ("ban dong y", ["decided"]),
        ('"SO BAN HANG" "da chan"', ["refused"]),
        ("outcome:passed", ["passed"]),
        ("app:giao action:call", []),
        ("app:so-ban-hang action:decided source:trace", []),
    ],
)
async def test_the_query_language(consoles: Consoles, operator: Browser, query: str, names: list[str]) -> None:
    """Keys narrow, words are found without case and diacritics, and everything must hold."""
    ids = await fill(consoles)
    found = [record_id for _, record_id in rows(await operator.get(f"/operators/log?q={quote(query)}"))]
    assert found == [ids[name] for name in names]


async def test_ids_and_reasons_are_found(consoles: Consoles, operator: Browser) -> None:
    """What an error page shows, a receipt's code, a record's own id and a reason lead to their rows, typed whole."""
    ids = await fill(consoles)
    receipt = ids["withdrawn"].replace("lr_", "BN-")
    for typed, name in ((receipt, "withdrawn"), (ids["decided"], "decided"), ("insufficient_scope", "refused")):
        assert [found for _, found in rows(await operator.get(f"/operators/log?q={typed}"))] == [ids[name]]
    calls = [found for _, found in rows(await operator.get("/operators/log?q=re_0000000000000000000001"))]
    assert calls == [ids["refused"], ids["passed"]]
    assert rows(await operator.get("/operators/log?q=re_000000000000000000000")) == []
    assert rows(await operator.get("/operators/log?q=app:insufficient_scope")) == []


@pytest.mark.parametrize("typed,allowed", [("outcome:x", "done, open, passed"), ("source:x", "log, trace")])
async def test_a_value_that_is_none_is_told_with_those_that_are(operator: Browser, typed: str, allowed: str) -> None:
    """The page names the values, and offers no query that fails again."""
    page = await operator.get(f"/operators/log?q={typed}")
    assert page.status == 422
    assert f"Ở đó viết được: {allowed}" in page.words.replace(" .", ".")
    assert "Có phải bạn muốn" not in page.words
    shown = (await operator.get("/operators/log")).words
    assert "action: call, decided, refused" in shown


async def test_a_decision_lists_what_was_agreed_to(consoles: Consoles, operator: Browser) -> None:
    """Beside "2 of 5" stand the two, not the five."""
    await agree(consoles.scene, frozenset({AskId("oa_profile"), AskId("crm_phone")}))
    page = await operator.get("/operators/log?q=action:decided")
    assert "Đồng ý 2/5 mục" in page.words
    assert "oa_profile, crm_phone " in page.words
    assert "crm_name" not in page.words


async def test_a_calls_reason_is_no_item(consoles: Consoles, operator: Browser) -> None:
    """On the line's own page the item stands under items and the reason under its own name, once."""
    ids = await fill(consoles)
    page = await operator.get(f"/operators/log/{ids['refused']}")
    assert "Mục oa_profile" in page.words
    assert page.words.count("insufficient_scope") == 1


async def test_times_are_hanoi_days_and_minutes(consoles: Consoles, operator: Browser) -> None:
    """`after` holds its minute and what follows, `before` ends with it; a day is Hanoi's; both ways of writing work."""
    ids = await fill(consoles)  # 09:01, 09:02, 09:03 and 09:04 in Hanoi
    late = rows(await operator.get("/operators/log?q=" + quote('after:"2026-11-21 09:03"')))
    assert [record_id for _, record_id in late] == [ids["refused"], ids["withdrawn"]]
    between = quote('after:"21/11/2026 09:01" before:"2026-11-21 09:03"')
    early = rows(await operator.get(f"/operators/log?q={between}"))
    assert [record_id for _, record_id in early] == [ids["passed"], ids["decided"]]
    assert rows(await operator.get("/operators/log?q=before:2026-11-21")) == []
    assert len(rows(await operator.get("/operators/log?q=after:2026-11-21+source:trace"))) == 2


@pytest.mark.parametrize(
    "query,column,instead",
    [
        ("ap:so", 1, "app:so"),
        ("app:so actoin:call", 8, "app:so action:call"),
        ('"so ban', 1, '"so ban"'),
        ('app:"so ban', 5, 'app:"so ban"'),
        ("app:so action:", 8, "app:so"),
        ("app:so outcome:refusd", 8, "app:so outcome:refused"),
        ("action:withdrawm", 1, "action:withdrawn"),
        ("app:so after:hom-qua", 8, "app:so"),
        ("source:logg", 1, "source:log"),
        ("app:so person:a person:b", 17, "app:so person:a"),
    ],
)
async def test_a_bad_query_is_mended(operator: Browser, query: str, column: int, instead: str) -> None:
    """What cannot be read is named by its column, the field is marked, and the query offered instead can be read."""
    page = await operator.get(f"/operators/log?q={quote(query)}")
    assert page.status == 422
    assert f"cột {column}:" in page.words
    assert 'aria-invalid="true"' in page.text
    assert mended(page) == instead
    follow = await operator.get(f"/operators/log?q={quote(instead)}")
    assert f"cột {column}:" not in follow.words


async def test_pages_hang_together_while_the_log_grows(consoles: Consoles, operator: Browser) -> None:
    """Paging by cursor shows every row once, in order, although new ones arrive and many share one moment."""
    scene = consoles.scene
    decided = await agree(scene)
    for _ in range(60):
        await consoles.call(decided, Outcome.PASSED)
    expected = await all_rows(consoles, operator, grow=False)
    assert len(expected) == len(set(expected)) > 60
    assert await all_rows(consoles, operator, grow=True) == expected


async def all_rows(consoles: Consoles, operator: Browser, *, grow: bool) -> list[tuple[str, str]]:
    """Go through all pages; after each, let something new happen if the log is to grow."""
    found: list[tuple[str, str]] = []
    path = "/operators/log"
    while path:
        page = await operator.get(path)
        found += rows(page)
        if grow:
            await agree(consoles.scene)
        older = re.search(r'href="(/operators/log\?[^"]*cursor=[^"]*)">Cũ hơn', page.text)
        path = unescape(older[1]) if older else ""
    return found


async def test_a_look_up_needs_a_reason(consoles: Consoles, operator: Browser) -> None:
    """Without a reason, or with one that no one could read, nothing is searched and nothing recorded: 422."""
    await fill(consoles)
    for reason in ("", "&reason=", "&reason=%20%20", "&reason=%E2%80%8B", "&reason=...", f"&reason={'x' * 301}"):
        page = await operator.get(f"/operators/log?q=person:chu-1{reason}")
        assert page.status == 422
        assert "data-record" not in page.text
        assert 'name="reason"' in page.text
    assert await list_look_ups(consoles) == []


async def test_a_look_up_finds_and_is_seen_by_that_person(consoles: Consoles, operator: Browser) -> None:
    """A search by person finds their decisions and calls; the look, with its reason, is theirs to read and to open."""
    ids = await fill(consoles)
    found = rows(await operator.get(f"/operators/log?q=person:chu-1&reason={REASON}"))
    (look,) = await list_look_ups(consoles)
    assert found[0] == ("log", look.record_id)
    assert {record_id for _, record_id in found} >= set(ids.values())
    assert look.actor == Actor(ActorKind.OPERATOR, consoles.operator.id)
    house = consoles.scene.house
    async with house.storage.read() as connection:
        opened = await reading.open_parts(connection, look, house.ledger.person_keys)
    assert opened["evidence"] == {"reason": "trả lời khiếu nại số 192"}
    assert opened["identity"] == {"login": "van-hanh-1", "name": "van-hanh-1 (mẫu)"}
    assert b"khi\xe1\xba\xbfu" not in look.canonical


async def test_the_person_reads_who_looked_and_why(consoles: Consoles, operator: Browser) -> None:
    """On their own trace page the person finds both looks among the calls, with operator and reason; others do not."""
    ids = await fill(consoles)
    consoles.scene.clock.advance(60)
    await operator.get(f"/operators/log?q=person:chu-1&reason={REASON}")
    await operator.get(f"/operators/log/{ids['decided']}?reason={quote('kiểm tra (mẫu)')}")
    async with consoles.signed_in(consoles.scene.owner) as owner:
        page = await owner.get("/permissions/trace")
        english = await owner.get("/permissions/trace?lang=en")
        calls_only = await owner.get("/permissions/trace?outcome=passed")
    assert "Người vận hành van-hanh-1 tra cứu các bản ghi về bạn" in page.words
    assert "Lý do: trả lời khiếu nại số 192" in page.words
    assert "Lý do: kiểm tra (mẫu)" in page.words
    marks = re.findall(r'data-trace="(\w\w)_\w+" data-result="(\w+)"', page.text)
    assert marks == [("lr", "seen"), ("lr", "seen"), ("tr", "blocked"), ("tr", "passed")]
    assert "Operator van-hanh-1 looked up the records about you" in english.words
    assert "seen" not in re.findall(r'data-result="(\w+)"', calls_only.text)
    async with consoles.signed_in(consoles.scene.other_owner) as other:
        assert "van-hanh-1" not in (await other.get("/permissions/trace")).words


async def test_the_persons_trace_pages_hang_together(consoles: Consoles, operator: Browser) -> None:
    """Calls and looks of one moment are paged without loss or repetition."""
    decided = await agree(consoles.scene)
    for _ in range(30):
        await consoles.call(decided, Outcome.PASSED)
    for number in range(30):
        await operator.get(f"/operators/log?q=person:chu-1&reason={REASON}{number}")
    found: list[str] = []
    path = "/permissions/trace"
    async with consoles.signed_in(consoles.scene.owner) as owner:
        while path:
            page = await owner.get(path)
            found += re.findall(r'data-trace="(\w+)"', page.text)
            older = re.search(r'href="(/permissions/trace\?[^"]*cursor=[^"]*)">Cũ hơn', page.text)
            path = unescape(older[1]) if older else ""
    assert len(found) == len(set(found)) == 60


async def test_a_look_up_of_the_other_owner_finds_nothing_of_the_first(consoles: Consoles, operator: Browser) -> None:
    """Only what concerns the person looked up is found: not another owner's decisions or calls."""
    ids = await fill(consoles)
    found = rows(await operator.get(f"/operators/log?q=person:chu-2&reason={REASON}"))
    assert not set(ids.values()) & {record_id for _, record_id in found}


async def test_a_look_up_of_nobody_is_told(consoles: Consoles, operator: Browser) -> None:
    """A login that nobody has is an error at its column; nobody is told, since there is nobody to tell."""
    page = await operator.get(f"/operators/log?q={quote('app:so person:khong-ai')}&reason={REASON}")
    assert page.status == 422
    assert "cột 8:" in page.words


async def test_a_record_shows_its_proof(consoles: Consoles, operator: Browser) -> None:
    """A record's page says what changed for each ask, and leads its leaf to the signed root; names stay sealed."""
    ids = await fill(consoles)
    page = await operator.get(f"/operators/log/{ids['withdrawn']}")
    async with consoles.scene.house.storage.read() as connection:
        record = await reading.find(connection, ids["withdrawn"])
    assert record is not None
    assert page.status == 200
    assert 'data-proof="holds"' in page.text
    assert record.leaf_hash.hex() in page.text
    assert "127.0.0.1:8400/log" in page.words
    assert page.words.count("Đang hiệu lực Đã rút lại") == len(consoles.scene.asks)
    assert "chu-1" not in page.text
    trace = await operator.get(f"/operators/log/{ids['refused']}")
    assert trace.status == 200
    assert "insufficient_scope" in trace.words
    assert "data-proof" not in trace.text


async def test_who_stands_behind_a_record_is_opened_for_a_reason(consoles: Consoles, operator: Browser) -> None:
    """With a reason the name is shown and the look recorded; without one nothing is opened: 422."""
    ids = await fill(consoles)
    path = f"/operators/log/{ids['decided']}"
    refused = await operator.get(f"{path}?reason=")
    assert refused.status == 422
    assert "chu-1" not in refused.text
    assert await list_look_ups(consoles) == []
    opened = await operator.get(f"{path}?reason={REASON}")
    assert "chu-1 (mẫu)" in opened.words
    (look,) = await list_look_ups(consoles)
    assert look.facts == {"person": consoles.scene.owner.id, "how": "record", "record": ids["decided"]}


@pytest.mark.parametrize(
    "record_id", ["lr_0000000000000000000000", "lr_x", "%00", "tr_0000000000000000000000", "..%2f"]
)
async def test_an_unknown_record_is_not_found(operator: Browser, record_id: str) -> None:
    """An id that names nothing, or is none, is 404."""
    assert (await operator.get(f"/operators/log/{record_id}")).status == 404


async def test_the_head_says_what_is_known_about_the_log(consoles: Consoles, operator: Browser) -> None:
    """Before a check the page says so, after one when and over how much; a broken log names its faults."""
    ledger, now = consoles.scene.house.ledger, consoles.scene.clock.now()
    ledger.checked = None
    assert 'data-integrity="unknown"' in (await operator.get("/operators/log")).text
    assert orjson.loads((await operator.get("/readyz")).text)["log"] == "not verified"
    ledger.note_check(Checked(now, 7, ()))
    whole = await operator.get("/operators/log")
    assert 'data-integrity="whole"' in whole.text
    assert "Nguyên vẹn khi khởi động: 7 bản ghi, kiểm lúc 21/11/2026 09:00" in whole.words
    async with consoles.scene.house.storage.read() as connection:
        size = await reading.count(connection)
    assert f"Bây giờ có {size} bản ghi, đã ký đến bản ghi {size}." in whole.words
    ledger.note_check(Checked(now, 7, ("lr_8: column kind is not what the record's bytes say",)))
    broken = await operator.get("/operators/log")
    assert 'data-integrity="broken"' in broken.text
    assert orjson.loads((await operator.get("/readyz")).text)["log"] == "does not verify: nothing is signed"
    assert "lr_8: bản ghi đã bị sửa hoặc mất" in broken.words


async def test_the_head_counts_what_is_not_signed_yet(consoles: Consoles, operator: Browser) -> None:
    """A whole log with records past the last signature says how many; one that is signed to its end says nothing."""
    ledger = consoles.scene.house.ledger
    ledger.note_check(Checked(consoles.scene.clock.now(), 7, ()))
    assert "chưa được ký" not in (await operator.get("/operators/log")).words
    ledger.stop_signing()
    await agree(consoles.scene)
    assert "1 bản ghi chưa được ký" in (await operator.get("/operators/log")).words
    await agree(consoles.scene, whole=True)
    assert "2 records are not signed yet" in (await operator.get("/operators/log?lang=en")).words


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE ledger_records SET canonical = substr(canonical, 1, 40) || x'ff' || substr(canonical, 42) WHERE {it}",
        "UPDATE ledger_records SET canonical = CAST(canonical AS TEXT) || 'x' WHERE {it}",
        "UPDATE ledger_records SET canonical = 'text' WHERE {it}",
        "UPDATE ledger_records SET kind = CAST(x'ff' AS TEXT) WHERE {it}",
        "UPDATE ledger_records SET kind = 'nothing' WHERE {it}",
        "UPDATE ledger_records SET at = 'now' WHERE {it}",
        "UPDATE ledger_records SET at = 9223372036854775807 WHERE {it}",
        "UPDATE ledger_records SET app_id = 'giao-hang' WHERE {it}",
        "UPDATE ledger_records SET actor_kind = 'x' WHERE {it}",
        "UPDATE ledger_records SET leaf_hash = x'00' WHERE {it}",
    ],
)
async def test_a_changed_record_is_shown_as_changed(
    consoles: Consoles, operator: Browser, tmp_path: Path, change: str
) -> None:
    """Bytes or columns changed, to another type even: every page still works and shows which it is, as does verify."""
    ids = await fill(consoles)
    with sqlite3.connect(tmp_path / "quyen.db") as database:
        assert database.execute(change.format(it=f"record_id = '{ids['decided']}'")).rowcount == 1
    database.close()
    listed = await operator.get("/operators/log")
    row = listed.text.split(f'data-record="{ids["decided"]}"')[1].split("</tr>")[0]
    assert "Bản ghi bị sửa" in row
    page = await operator.get(f"/operators/log/{ids['decided']}?reason=x")
    assert "không còn như lúc được ghi" in page.words
    assert (await operator.get(f"/operators/log/{ids['withdrawn']}")).status == 200
    everything = orjson.loads((await operator.get(f"/operators/log/export?format=json&reason={REASON}")).text)
    (exported,) = [each for each in everything if each["record_id"] == ids["decided"]]
    assert (exported["outcome"], "at" in exported) == ("damaged", "SET at" not in change)
    assert ("9000" in listed.words + page.words, "–" in row) == (False, True)
    assert ("<time" in row) is ("SET at" not in change)
    assert ids["decided"] in {bad.record_id for bad in (await verified(consoles, tmp_path)).bad}


async def test_a_changed_tree_breaks_the_proof(consoles: Consoles, operator: Browser, tmp_path: Path) -> None:
    """A node of the tree that was changed or taken away makes the proof fail, not the page."""
    ids = await fill(consoles)
    for change in ("UPDATE ledger_nodes SET hash = zeroblob(32)", "DELETE FROM ledger_nodes"):
        with sqlite3.connect(tmp_path / "quyen.db") as database:
            database.execute(change)
        database.close()
        assert 'data-proof="broken"' in (await operator.get(f"/operators/log/{ids['decided']}")).text


async def test_exports_hold_what_the_search_finds(consoles: Consoles, operator: Browser) -> None:
    """CSV, NDJSON and JSON hold the same rows as the search, newest first, with a name for the file."""
    ids = await fill(consoles)
    path = f"/operators/log/export?q=app:so-ban-hang&reason={REASON}&format="
    json_page = await operator.get(path + "json")
    listed = orjson.loads(json_page.text)
    ndjson = [orjson.loads(line) for line in (await operator.get(path + "ndjson")).text.splitlines()]
    assert ndjson == listed
    assert [each["record_id"] for each in listed][:4] == [ids[n] for n in ("refused", "withdrawn", "passed", "decided")]
    assert listed[0]["outcome"] == "refused"
    assert listed[0]["at"] == "2026-11-21T02:04:00.000000Z"
    sheet = await operator.get(path + "csv")
    assert sheet.text.startswith("\ufeffsource,record_id,")
    table = list(csv.DictReader(io.StringIO(sheet.text.removeprefix("\ufeff"))))
    assert [each["record_id"] for each in table] == [each["record_id"] for each in listed]
    assert sheet.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert sheet.headers["Content-Disposition"] == 'attachment; filename="quyen-log.csv"'
    assert sheet.headers["X-Content-Type-Options"] == "nosniff"
    assert sheet.headers["Cache-Control"] == "no-store"


async def test_an_export_goes_on_over_many_batches(
    consoles: Consoles, operator: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An export reads in batches and holds every row once; an empty one is a whole file too."""
    monkeypatch.setattr("gateway.doors.consoles.operators.export.BATCH", 2)
    await fill(consoles)
    path = f"/operators/log/export?reason={REASON}&format=json"
    everything = [each["record_id"] for each in orjson.loads((await operator.get(path)).text)]
    async with consoles.scene.house.storage.read() as connection:
        assert len(everything) == len(set(everything)) == await reading.count(connection) + 2
    assert orjson.loads((await operator.get(f"{path}&q=app:khong-co")).text) == []


async def test_an_export_needs_a_reason_and_is_recorded(consoles: Consoles, operator: Browser) -> None:
    """Without a reason: 422 and no record; with one the record says who and which format, reason and query sealed."""
    assert (await operator.get("/operators/log/export")).status == 200
    for path in ("?format=csv", "?format=csv&reason=+", "?format=ocsf&reason=x", "?format=csv&reason=x&q=ap:x"):
        assert (await operator.get(f"/operators/log/export{path}")).status == 422
    house = consoles.scene.house
    wanted = reading.Search(kinds=[Kind.EXPORTED])
    async with house.storage.read() as connection:
        assert await reading.list_records(connection, wanted, 9) == []
    await operator.get(f"/operators/log/export?format=csv&reason={REASON}&q=person:chu-1")
    async with house.storage.read() as connection:
        (record,) = await reading.list_records(connection, wanted, 9)
        opened = await reading.open_parts(connection, record, house.ledger.person_keys)
    assert record.facts == {"format": "csv"}
    assert record.actor.id == consoles.operator.id
    assert opened["evidence"] == {"reason": "trả lời khiếu nại số 192", "query": "person:chu-1"}
    assert len(await list_look_ups(consoles)) == 1


async def test_pages_speak_both_languages(consoles: Consoles, operator: Browser) -> None:
    """The log, a record and the export form are drawn in English when asked, and links keep the language."""
    ids = await fill(consoles)
    for path in ("/operators/log", f"/operators/log/{ids['decided']}", "/operators/log/export"):
        page = await operator.get(f"{path}?lang=en")
        assert '<html lang="en">' in page.text
        assert "Nhật ký" not in page.words
    listed = await operator.get("/operators/log?lang=en&q=action:decided")
    assert "Agreed to 5 of 5 items" in listed.words
    link = re.search(rf'href="([^"]*{ids["decided"]}[^"]*)"', listed.text)
    assert link
    assert urlsplit(unescape(link[1])).query == "lang=en"


async def test_the_log_still_verifies_after_looks_and_exports(
    consoles: Consoles, operator: Browser, tmp_path: Path
) -> None:
    """Looks and exports are records like any other: the log holds with them in it."""
    ids = await fill(consoles)
    await operator.get(f"/operators/log?q=person:chu-1&reason={REASON}")
    await operator.get(f"/operators/log/{ids['decided']}?reason={REASON}")
    await operator.get(f"/operators/log/export?format=csv&reason={REASON}")
    assert (await verified(consoles, tmp_path)).bad == []
