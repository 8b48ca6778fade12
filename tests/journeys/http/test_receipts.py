"""Receipts: one for each decision, on paper and as signed JSON, and checked by anyone without signing in."""

import copy
from base64 import b64decode
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import orjson
import pytest

from gateway.acts.expire import expire
from gateway.doors.person.receipt_keys import receipt_signer
from gateway.ground.web.local import write_time
from gateway.records.ledger.canonical import canonical_json
from gateway.records.ledger.checkpoint import open_checkpoint
from gateway.records.ledger.note import Signer, VerifierKey
from gateway.records.ledger.tree import leaf_hash, verify_inclusion
from gateway.terms.ids import AskId
from tests.house import agree
from tests.journeys.http.origin import Browser, Origin
from tests.journeys.http.our_script import Script


@pytest.fixture
async def code(origin: Origin) -> str:
    """Let the owner grant two asks; return the receipt's code."""
    decided = await agree(origin.scene, frozenset({AskId("oa_profile"), AskId("crm_phone")}))
    return "BN-" + decided.recorded.record_id.removeprefix("lr_")


async def test_how_long_evidence_is_kept_is_told(origin: Origin, browser: Browser, code: str) -> None:
    """What the operator stated, beside the receipts and where there are none yet; and that nothing was destroyed."""
    async with origin.browser() as other:
        await other.sign_in_as(origin.scene.other_owner)
        for reader in (browser, other):
            page = await reader.get("/permissions/receipts")
            assert (code in page.text) is (reader is browser)
            assert "giữ bằng chứng của mỗi quyết định ít nhất 731 ngày. Cổng chưa xóa bằng chứng nào." in page.words
            english = await reader.get("/permissions/receipts?lang=en")
            assert "keeps the evidence of each decision for at least 731 days." in english.words


@pytest.fixture
async def stranger(origin: Origin) -> AsyncIterator[Browser]:
    """Yield a browser in which nobody is signed in."""
    async with origin.browser() as browser:
        yield browser


async def get_json(browser: Browser, code: str) -> dict[str, Any]:
    """Fetch the signed JSON."""
    page = await browser.get(f"/permissions/receipts/{code}.json")
    assert page.headers["Content-Type"] == "application/json; charset=utf-8"
    found = orjson.loads(page.text)
    assert isinstance(found, dict)
    return found


async def check(stranger: Browser, receipt: dict[str, Any] | str) -> str:
    """Paste a receipt into the public check; return the heading of what it says."""
    text = receipt if isinstance(receipt, str) else orjson.dumps(receipt).decode()
    page = await stranger.submit("/receipts/verify", {"receipt": text})
    assert page.status == 200
    known = ("là thật", "đã bị sửa", "không do cổng này cấp", "Không đọc được")
    return next(words for words in known if words in page.words)


async def test_each_act_has_a_receipt(origin: Origin, browser: Browser, code: str) -> None:
    """Giving, refusing, pausing, withdrawing and expiry each leave one, newest first."""
    page = await browser.get("/permissions")
    (grant_id,) = page.grant_states
    await browser.submit(f"/permissions/{grant_id}", {"action": "pause", "ask": "crm_phone"})
    await browser.submit(f"/permissions/{grant_id}", {"action": "withdraw", "ask": "crm_phone", "confirm": "yes"})
    await browser.submit(await origin.ask("crm_name"), {"decision": "refuse"})
    origin.scene.clock.advance(timedelta(days=31))
    assert await expire(origin.scene.house) == 1
    await browser.sign_in_as(origin.scene.owner)
    listed = await browser.get("/permissions/receipts")
    events = [listed.words.rfind(word) for word in ("Hết hạn", "Từ chối", "Đã rút lại", "Tạm dừng", "Đồng ý")]
    assert listed.text.count("data-receipt=") == 5
    assert events == sorted(events)
    assert -1 not in events
    counted = ("hết hạn 1 mục", "từ chối 1 mục", "rút lại 1 mục", "tạm dừng 1 mục", "đồng ý 2 mục, từ chối 3 mục")
    assert [words for words in counted if words not in listed.words] == []


async def test_the_receipt_of_a_nearer_end_tells_of_it(origin: Origin, browser: Browser, code: str) -> None:
    """Shortening is no new consent: its receipt names it, counts what it touched, and says the new end."""
    (grant_id,) = (await browser.get("/permissions")).grant_states
    done = await browser.submit(f"/permissions/{grant_id}", {"action": "shorten", "duration": "P1D"})
    receipt = "/permissions/receipts/BN-" + done.location.rpartition("lr_")[2]
    until = write_time(origin.scene.clock.now() + timedelta(days=1))
    page = await browser.get(receipt)
    assert f"rút ngắn thời hạn 2 mục, nay đến {until}" in page.words
    assert "<dt>Thông báo</dt>" not in page.text
    assert "Biên nhận rút ngắn thời hạn" in page.words
    assert f"Có hiệu lực đến {until}" in page.words
    assert "đồng ý" not in page.words.partition("Các bên")[0].lower()
    told = orjson.loads((await browser.get(f"{receipt}.json")).text)["receipt"]
    assert (told["event"], len(told["items"])) == ("shortened", 2)
    assert "rút ngắn thời hạn 2 mục" in (await browser.get("/permissions/receipts")).words


async def test_the_sheet_says_everything(origin: Origin, browser: Browser, code: str) -> None:
    """The sheet names code, person, account, app, each ask with its decision, the parties and the proof."""
    page = await browser.get(f"/permissions/receipts/{code}")
    assert "<dt>Thông báo</dt><dd>SHA-256" in page.text
    for words in (
        code,
        origin.scene.owner.name,
        origin.scene.account.name,
        "Công ty (mẫu)",
        "a@app.example",
        "Xem số điện thoại người quan tâm OA",
        "A (mẫu), Việt Nam",
        "127.0.0.1:8400/log",
        "2 mục",
        "3 mục",
    ):
        assert words in page.words, words
    assert "<svg" in page.text


async def test_sheet_and_json_say_the_same(browser: Browser, code: str) -> None:
    """Every decision, name and purpose of the JSON stands on the sheet too; either address gives the JSON."""
    signed = await get_json(browser, code)
    by_header = await browser.get(f"/permissions/receipts/{code}", Accept="application/json")
    assert orjson.loads(by_header.text) == signed
    sheet = (await browser.get(f"/permissions/receipts/{code}")).words
    receipt = signed["receipt"]
    assert [item["decision"] for item in receipt["items"]].count("granted") == 2
    shown = [receipt["receipt_id"], receipt["person"]["name"], receipt["controller"]["name"]]
    shown += [item[name] for item in receipt["items"] for name in ("name", "purpose_text")]
    assert [words for words in shown if words not in sheet] == []


async def test_the_proof_stands_without_us(browser: Browser, code: str) -> None:
    """From the JSON alone: the record's bytes lead to the root that the log's key signed."""
    proof = (await get_json(browser, code))["receipt"]["proof"]
    hashed = leaf_hash(b64decode(proof["record"]["bytes"]))
    signed = open_checkpoint(proof["checkpoint"], [VerifierKey.parse(proof["verifier_key"])])
    hashes = [bytes.fromhex(each) for each in proof["proof"]["hashes"]]
    verify_inclusion(hashed, hashes, index=proof["proof"]["index"], size=signed.size, root=signed.root)
    assert signed.size == proof["proof"]["size"]


async def test_a_stranger_checks_the_file_with_our_script_alone(
    browser: Browser, code: str, run_script: Script
) -> None:
    """`docs/verify.py` takes the very file that people download; one changed word anywhere does not hold."""
    page = await browser.get(f"/permissions/receipts/{code}.json")
    signed = orjson.loads(page.text)
    keys = signed["receipt"]["proof"]["verifier_key"], signed["verifier_key"]
    honest = await run_script(page.text.encode(), *keys)
    assert (honest[0], honest[1].endswith("\nholds\n")) == (0, True), honest
    altered = [copy.deepcopy(signed) for _ in range(4)]
    altered[0]["receipt"]["proof"]["record"]["seq"] += 1
    altered[1]["receipt"]["items"][1]["decision"] = "granted"
    altered[2]["receipt"]["person"]["name"] += "."
    del altered[3]["signature"]
    twice = page.text.replace('"decision": "refused"', '"decision": "granted",\n"decision": "refused"', 1)
    beside = orjson.dumps({**orjson.loads(page.text), "note": "x"})  # which nobody signed
    for each in (*(orjson.dumps(other) for other in altered), twice.encode(), beside):
        code_of_exit, printed = await run_script(each, *keys)
        assert (code_of_exit, "BAD receipt" in printed) == (1, True), printed


async def test_the_script_trusts_only_the_keys_that_it_was_given(
    origin: Origin, browser: Browser, code: str, run_script: Script
) -> None:
    """Without the key of receipts their words are not proven, and which key is missing is said."""
    signed = await get_json(browser, code)
    log_key, receipt_key = signed["receipt"]["proof"]["verifier_key"], signed["verifier_key"]
    missing = await run_script(orjson.dumps(signed), log_key)
    assert (missing[0], "signed by a key named .../receipts" in missing[1]) == (1, True), missing
    missing = await run_script(orjson.dumps(signed), receipt_key)
    assert (missing[0], "the log's own name, '127.0.0.1:8400/log'" in missing[1]) == (1, True), missing
    other = Signer("127.0.0.1:8400/other", b"\x05" * 32)
    signed["signature"] = other.sign(canonical_json(signed["receipt"]).decode() + "\n").rstrip("\n")
    assert (await run_script(orjson.dumps(signed), log_key, receipt_key, other.verifier_key.text()))[0] == 1


async def test_a_signed_receipt_cannot_tell_what_its_record_does_not(
    origin: Origin, browser: Browser, code: str, run_script: Script
) -> None:
    """Even whoever holds the key of receipts cannot sign another decision than the one in the log."""
    signed = await get_json(browser, code)
    refused = next(item for item in signed["receipt"]["items"] if item["decision"] == "refused")
    refused["decision"] = "granted"
    signer = receipt_signer(origin.door.house.vault, origin.door.public_url)
    signed["signature"] = signer.sign(canonical_json(signed["receipt"]).decode() + "\n").rstrip("\n")
    found = await run_script(orjson.dumps(signed), signed["receipt"]["proof"]["verifier_key"], signed["verifier_key"])
    assert (found[0], "tells other decisions than its record" in found[1]) == (1, True), found


async def test_anyone_can_check(browser: Browser, stranger: Browser, code: str) -> None:
    """By code or by the pasted file a genuine receipt is told, and nobody's name or item is."""
    page = await stranger.get(f"/receipts/verify?code={code}")
    assert "là thật" in page.words
    assert "chu-1 (mẫu)" not in page.words
    assert "crm_phone" not in page.words
    assert await check(stranger, await get_json(browser, code)) == "là thật"


async def test_one_changed_byte_shows(browser: Browser, stranger: Browser, code: str) -> None:
    """Whatever is changed in the file, it is told: a name, a decision, an added or a missing field, the signature."""
    genuine = await get_json(browser, code)
    altered = [copy.deepcopy(genuine) for _ in range(6)]
    altered[0]["receipt"]["person"]["name"] += "."
    altered[1]["receipt"]["items"][1]["decision"] = "granted"
    altered[2]["receipt"]["extra"] = ""
    del altered[3]["receipt"]["notice"]
    altered[4]["receipt"]["version"] = 2
    signature = genuine["signature"]
    altered[5]["signature"] = signature[:-4] + ("AAA=" if not signature.endswith("AAA=") else "BBB=")
    assert [await check(stranger, each) for each in altered] == ["đã bị sửa"] * 6


async def test_a_receipt_that_says_two_things_is_not_genuine(browser: Browser, stranger: Browser, code: str) -> None:
    """A file in which a name stands twice would show one receipt to its reader and another to the check."""
    whole = orjson.dumps(await get_json(browser, code)).decode()
    for other in ('{"receipt":{"decision":"granted"},', '{"receip\\u0074":{},'):
        assert await check(stranger, other + whole.removeprefix("{")) == "Không đọc được"


@pytest.mark.parametrize(
    "text,words",
    [
        ("{", "Không đọc được"),
        ('{"receipt": {"receipt_id": NaN}, "signature": ""}', "Không đọc được"),
        ("[]", "Không đọc được"),
        ('{"receipt": [], "signature": ""}', "Không đọc được"),
        ('{"receipt": {"receipt_id": 1}, "signature": ""}', "Không đọc được"),
        (
            '{"receipt": {"receipt_id": "BN-0000000000000000000000"}, "signature": "x"}',
            "không do cổng này cấp",
        ),
    ],
)
async def test_what_is_no_receipt_is_told(stranger: Browser, text: str, words: str) -> None:
    """A torn file cannot be read; one whose signature and code are not ours is of somebody else."""
    assert await check(stranger, text) == words


async def test_a_code_alone_is_not_called_foreign(stranger: Browser) -> None:
    """A restore may have lost the record of a true receipt: only its signature tells."""
    words = (await stranger.get("/receipts/verify?code=BN-0000000000000000000000")).words
    assert "Không có biên nhận nào như vậy" in words
    assert "khôi phục từ bản sao lưu" in words
    assert "không do cổng này cấp" not in words


async def test_other_records_have_no_receipt(origin: Origin, stranger: Browser, code: str) -> None:
    """The check knows decisions only: no other record of the log answers to its id."""
    assert "Không có biên nhận nào như vậy" in (await stranger.get("/receipts/verify?code=lr_0")).words


async def test_a_receipt_is_its_persons(origin: Origin, browser: Browser, other_browser: Browser, code: str) -> None:
    """Somebody without standing gets 404 for the sheet and the JSON, as for a code that does not exist."""
    for path in (code, f"{code}.json", "BN-0000000000000000000000", "lr_x", "x"):
        assert (await other_browser.get(f"/permissions/receipts/{path}")).status == 404
    assert (await browser.get(f"/permissions/receipts/{code}")).status == 200
    assert (await other_browser.get("/permissions/receipts")).text.count("data-receipt=") == 0
