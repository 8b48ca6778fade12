"""A log that was changed, or does not sign: people keep their pages, and read what is changed or genuine.

A pasted receipt is judged by itself: that the gateway's record of it was changed is said apart, and is not its fault.
"""

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway.acts.withdraw import withdraw
from gateway.records.ledger import reading
from gateway.records.ledger.canonical import CanonicalRecord
from gateway.records.ledger.kinds import Kind
from gateway.records.ledger.tree import leaf_hash
from gateway.records.ledger.types import Actor, ActorKind, Record
from gateway.terms.ids import AskId, RecordId
from tests.house import agree
from tests.journeys.http.origin import Browser, Origin
from tests.journeys.http.our_script import Script

CHANGES = [
    "UPDATE ledger_records SET kind = 'withdrawm' WHERE {it}",
    "UPDATE ledger_records SET kind = 'expired' WHERE {it}",
    "UPDATE ledger_records SET canonical = substr(canonical, 1, 40) || x'ff' || substr(canonical, 42) WHERE {it}",
    "UPDATE ledger_records SET canonical = 'text' WHERE {it}",
]
DAMAGED = "Bản ghi bị sửa, không đọc được"
OURS = "Bản ghi mà cổng giữ đã bị sửa"
GENUINE, BY_CODE_ALONE, ALTERED = "là thật", "Chỉ có mã thì chưa kiểm được", "Biên nhận này đã bị sửa"


@pytest.fixture
async def stranger(origin: Origin) -> AsyncIterator[Browser]:
    """Yield a browser in which nobody is signed in."""
    async with origin.browser() as browser:
        yield browser


def tamper(folder: Path, statement: str) -> None:
    """Change the database behind the gateway's back."""
    with sqlite3.connect(folder / "quyen.db") as database:
        assert database.execute(statement).rowcount > 0
    database.close()


async def end_one(origin: Origin) -> tuple[str, RecordId]:
    """Let the owner agree to two asks and withdraw one; return the grant and the withdrawal's record."""
    scene = origin.scene
    decided = await agree(scene, frozenset({AskId("oa_profile"), AskId("crm_phone")}))
    assert decided.grant_id is not None
    scene.clock.advance(60)
    owner = Actor(ActorKind.PERSON, scene.owner.id)
    done = await withdraw(scene.house, decided.grant_id, owner, ask_ids=frozenset({AskId("crm_phone")}))
    return decided.grant_id, done.recorded.record_id


def code_of(record_id: RecordId) -> str:
    """Return the code of a record's receipt."""
    return "BN-" + record_id.removeprefix("lr_")


async def paste(browser: Browser, receipt: Any) -> str:
    """Paste a receipt into the public check; return what the page says."""
    page = await browser.submit("/receipts/verify", {"receipt": orjson.dumps(receipt).decode()})
    assert page.status == 200
    return page.words


def told(words: str) -> set[str]:
    """Return what the public check says: of the receipt, and of the record that the gateway keeps."""
    return {each for each in (GENUINE, BY_CODE_ALONE, ALTERED, OURS) if each in words}


@pytest.mark.parametrize("change", CHANGES)
async def test_a_changed_record_takes_no_page_away(
    origin: Origin, browser: Browser, stranger: Browser, tmp_path: Path, change: str
) -> None:
    """The grant keeps its page and its buttons, the lists mark the record, and no page shows or vouches for it."""
    grant_id, record_id = await end_one(origin)
    code = code_of(record_id)
    kept = orjson.loads((await browser.get(f"/permissions/receipts/{code}.json")).text)
    tamper(tmp_path, change.format(it=f"record_id = '{record_id}'"))
    page = await browser.get(f"/permissions/{grant_id}?done={record_id}")
    assert page.status == 200
    assert (page.words.count(DAMAGED), page.ask_states["crm_phone"]) == (1, "withdrawn")
    assert page.text.count('value="withdraw"') == 2
    assert "Không rõ ai rút lại ngày 21/11/2026" in page.words
    listed = await browser.get("/permissions/receipts")
    assert DAMAGED in listed.text.split(f'data-receipt="{code}"')[1].split("</tr>")[0]
    assert listed.text.count("data-receipt=") == 2
    for path in (code, f"{code}.json"):
        receipt = await browser.get(f"/permissions/receipts/{path}")
        assert (receipt.status, "Bản ghi của biên nhận này đã bị sửa" in receipt.words) == (409, True)
    by_code = GENUINE if "SET kind" in change else BY_CODE_ALONE  # the bytes still prove themselves, or do not
    assert told((await stranger.get(f"/receipts/verify?code={code}")).words) == {by_code, OURS}
    assert told(await paste(stranger, kept)) == {GENUINE, OURS}
    fields = {"action": "withdraw", "ask": "oa_profile", "confirm": "yes"}
    done = await browser.submit(f"/permissions/{grant_id}", fields)
    assert "Bạn rút lại ngày" in (await browser.get(done.location)).words


@pytest.mark.parametrize("raw_id", ["x'ff'", "CAST(x'ff' AS TEXT)", "'\n" + "x" * 300 + "'"])
async def test_a_record_whose_id_is_none_takes_no_page_away(
    origin: Origin, browser: Browser, tmp_path: Path, raw_id: str
) -> None:
    """SQLite holds bytes, and text that is no UTF-8, in any column: the lists mark the record and can be written."""
    grant_id, record_id = await end_one(origin)
    tamper(tmp_path, f"UPDATE ledger_records SET record_id = {raw_id} WHERE record_id = '{record_id}'")  # noqa: S608
    for path in (f"/permissions/{grant_id}", "/permissions/receipts"):
        page = await browser.get(path)
        assert (page.status, DAMAGED in page.words) == (200, True), path


async def test_no_receipt_is_given_of_what_the_signed_log_does_not_hold(
    origin: Origin, browser: Browser, stranger: Browser, tmp_path: Path
) -> None:
    """A record that reads well but does not lead to the signed root has no sheet, no JSON and no "genuine"."""
    code = code_of((await end_one(origin))[1])
    kept = orjson.loads((await browser.get(f"/permissions/receipts/{code}.json")).text)
    for change in ("SET hash = zeroblob(32)", "SET hash = 'text'", "SET level = level + 64"):
        tamper(tmp_path, f"UPDATE ledger_nodes {change}")
        for path in (code, f"{code}.json"):
            assert (await browser.get(f"/permissions/receipts/{path}")).status == 409
        assert told((await stranger.get(f"/receipts/verify?code={code}")).words) == {BY_CODE_ALONE, OURS}
        assert told(await paste(stranger, kept)) == {GENUINE, OURS}


@pytest.mark.parametrize(
    "change,by_code",
    [
        ("UPDATE ledger_records SET request_id = 'x' WHERE record_id = '{it}'", {GENUINE, OURS}),
        ("UPDATE ledger_records SET at = 'now' WHERE record_id = '{it}'", {GENUINE, OURS}),
        ("UPDATE ledger_records SET record_id = 'lr_x' WHERE record_id = '{it}'", set()),
        ("DELETE FROM ledger_records WHERE record_id = '{it}'", set()),
    ],
)
async def test_a_receipt_is_judged_apart_from_the_record_that_is_kept(
    origin: Origin,
    browser: Browser,
    stranger: Browser,
    tmp_path: Path,
    change: str,
    by_code: set[str],
    run_script: Script,
) -> None:
    """Genuine, as `docs/verify.py` says it, and the gateway's record changed; what is altered stays altered."""
    record_id = (await end_one(origin))[1]
    kept = orjson.loads((await browser.get(f"/permissions/receipts/{code_of(record_id)}.json")).text)
    assert told(await paste(stranger, kept)) == {GENUINE}
    tamper(tmp_path, change.format(it=record_id))
    assert told(await paste(stranger, kept)) == {GENUINE, OURS}
    code = code_of(record_id)
    assert told((await stranger.get(f"/receipts/verify?code={code}")).words) == by_code
    english = (await stranger.get(f"/receipts/verify?lang=en&code={code}")).words
    assert (f"Receipt {code} is genuine" in english) is (GENUINE in by_code)
    assert ("The record that the gateway keeps was changed" in english) is (OURS in by_code)
    assert ("There is no such receipt" in english) is (not by_code)
    keys = kept["receipt"]["proof"]["verifier_key"], kept["verifier_key"]
    assert (await run_script(orjson.dumps(kept), *keys))[0] == 0
    kept["receipt"]["person"]["name"] += "."
    altered = await paste(stranger, kept)
    assert told(altered) == ({ALTERED, OURS} if by_code else set())


async def test_a_receipt_of_another_record_than_the_one_that_is_kept_is_told(
    origin: Origin, browser: Browser, stranger: Browser, tmp_path: Path
) -> None:
    """The row was written anew, whole and fitting in itself: only the receipt and the tree know that it was another."""
    record_id = (await end_one(origin))[1]
    kept = orjson.loads((await browser.get(f"/permissions/receipts/{code_of(record_id)}.json")).text)
    async with origin.scene.house.storage.read() as connection:
        record = await reading.find(connection, record_id)
    assert record is not None
    old = CanonicalRecord.decode(record.canonical)
    canonical = CanonicalRecord(
        **{name: getattr(old, name) for name in CanonicalRecord.__slots__ if name != "request_id"}, request_id="rq_x"
    ).encode()
    change = "UPDATE ledger_records SET canonical = x'{raw}', leaf_hash = x'{leaf}', request_id = 'rq_x' WHERE {it}"
    leaf = leaf_hash(canonical).hex()
    tamper(tmp_path, change.format(raw=canonical.hex(), leaf=leaf, it=f"record_id = '{record_id}'"))
    async with origin.scene.house.storage.read() as connection:
        assert isinstance(await reading.find_entry(connection, record_id), Record)
    assert told(await paste(stranger, kept)) == {GENUINE, OURS}
    assert told((await stranger.get(f"/receipts/verify?code={code_of(record_id)}")).words) == {BY_CODE_ALONE, OURS}


async def test_an_unsigned_record_is_genuine_and_not_signed_yet(
    origin: Origin, browser: Browser, stranger: Browser, tmp_path: Path, run_script: Script
) -> None:
    """Page, JSON, the public check and our script say so, in both languages; one changed word or leaf is told."""
    log_key = origin.scene.house.ledger.verifier_key
    assert log_key is not None
    origin.scene.house.ledger.stop_signing()
    code = code_of((await end_one(origin))[1])
    assert "là thật, chưa được ký" in (await browser.get(f"/permissions/receipts/{code}")).words
    assert "genuine, not signed yet" in (await browser.get(f"/permissions/receipts/{code}?lang=en")).words
    assert f"{code} là thật, chưa được ký" in (await stranger.get(f"/receipts/verify?code={code}")).words
    english = (await stranger.get(f"/receipts/verify?code={code}&lang=en")).words
    assert f"{code} is genuine, not signed yet" in english
    signed = orjson.loads((await browser.get(f"/permissions/receipts/{code}.json")).text)
    assert signed["receipt"]["proof"]["state"] == "unsigned"
    assert "là thật, chưa được ký" in await paste(stranger, signed)
    keys = log_key.text(), signed["verifier_key"]
    found = await run_script(orjson.dumps(signed), *keys)
    assert (found[0], "genuine, not signed yet" in found[1]) == (0, True), found
    item = signed["receipt"]["items"][0]
    item["decision"], genuine = "granted", item["decision"]
    assert told(await paste(stranger, signed)) == {ALTERED}
    assert (await run_script(orjson.dumps(signed), *keys))[0] == 1
    item["decision"] = genuine
    tamper(tmp_path, "UPDATE ledger_nodes SET hash = zeroblob(32) WHERE level = 0")
    words = await paste(stranger, signed)
    assert ("là thật, chưa được ký" in words, told(words)) == (True, {GENUINE, OURS})
    assert told((await stranger.get(f"/receipts/verify?code={code}")).words) == {BY_CODE_ALONE, OURS}


async def test_a_receipt_from_before_the_signature_is_genuine_after_it(
    origin: Origin, browser: Browser, stranger: Browser
) -> None:
    """The next signed record signs those before it: the file that was kept is then told to be signed."""
    origin.scene.house.ledger.stop_signing()
    code = code_of((await end_one(origin))[1])
    kept = orjson.loads((await browser.get(f"/permissions/receipts/{code}.json")).text)
    origin.scene.house.ledger.may_sign = True
    await end_one(origin)
    words = await paste(stranger, kept)
    assert ("là thật" in words, "chưa được ký" in words) == (True, False)


async def test_a_changed_refusal_is_not_counted(origin: Origin, other_browser: Browser, tmp_path: Path) -> None:
    """What a developer reads of refusals by people without an account goes on, without a changed record."""
    scene = origin.scene
    for _ in range(2):
        await other_browser.submit(await origin.ask("crm_name"), {"decision": "refuse"})
    async with scene.house.storage.read() as connection:
        assert await reading.count_unlinked_refusals(connection, scene.app.id) == {"crm_name": 2}
        newest = (await reading.list_records(connection, reading.Search(kinds=[Kind.REFUSED]), 1))[0]
    tamper(tmp_path, CHANGES[-1].format(it=f"record_id = '{newest.record_id}'"))
    async with scene.house.storage.read() as connection:
        assert await reading.count_unlinked_refusals(connection, scene.app.id) == {"crm_name": 1}


async def test_the_page_of_a_fault_says_what_is_so(
    origin: Origin, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was granted goes on while a page is broken: the page of the fault says that, and not that nothing passes."""
    grant_id, _ = await end_one(origin)
    monkeypatch.setattr("gateway.doors.person.grant_page.read_story", None)
    page = await browser.get(f"/permissions/{grant_id}")
    assert page.status == 500
    assert "quyền đang có hiệu lực vẫn cho đi qua như trước" in page.words
    assert "không cho gì đi qua" not in page.words
    assert "lets data through as before" in (await browser.get(f"/permissions/{grant_id}?lang=en")).words
