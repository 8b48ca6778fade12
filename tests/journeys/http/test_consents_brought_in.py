"""A consent that was brought in, as its person, its shop's owner and its receipt tell it (ADR 0039)."""

import json
import re

from tests.bringing import BY, EVIDENCE, FILE, bring, row_of
from tests.followers import NAME, PHONE
from tests.journeys.http.origin import Browser
from tests.journeys.http.shops import FAN, Shop


async def test_a_consent_that_was_brought_in_is_the_person_s_to_see_and_to_end(shop: Shop, fan: Browser) -> None:
    """Shown as given earlier, with its evidence and who brought it, never as ticked here; and theirs to end."""
    scene = shop.asking
    await bring(scene, row_of(scene, FAN.user_id, NAME), row_of(scene, FAN.user_id, PHONE, evidence=None))
    async with shop.origin.browser() as owner:
        await owner.sign_in_as(scene.owner)
        pages = [await owner.get(f"/permissions/{each}") for each in (await owner.get("/permissions")).grant_states]
    (counted,) = [page for page in pages if "data-people" in page.text]
    assert re.findall(r'data-people="(\d+ \d+ \d+)"', counted.text) == ["0 1 0", "0 0 1", "0 0 0"]
    assert FAN.user_id not in counted.text
    grant_path = (await shop.press(fan, shop.link(asks="crm_name"), action="decide")).location
    page = await fan.get(grant_path)
    assert page.ask_states == {NAME: "granted", PHONE: "pending"}
    for word in ("Đồng ý trước đây, không phải bấm ở đây.", f"Bằng chứng: {EVIDENCE}.", f"bởi {BY}.", "Chờ bằng chứng"):
        assert word in page.words
    assert f"{shop.name} nói bạn đã đồng ý trước đây mà chưa đưa ra bằng chứng" in page.words
    assert "Bạn đồng ý ngày" not in page.words
    english = await fan.get(f"{grant_path}?lang=en")
    assert "Agreed to earlier, not by pressing anything here." in english.words
    (code,) = set(re.findall(r"/permissions/receipts/(BN-\w+)", page.text))
    receipt = await fan.get(f"/permissions/receipts/{code}")
    for word in ("Biên nhận sự đồng ý có từ trước", "đồng ý 1 mục", "1 mục chờ bằng chứng", EVIDENCE, f"bởi {BY}."):
        assert word in receipt.words
    told = json.loads((await fan.get(f"/permissions/receipts/{code}.json")).text)["receipt"]
    assert (told["event"], told["collection_method"]) == ("imported", "import")
    named, phone = told["items"]
    assert (named["basis"], named["decision"], named["evidence"]) == ("imported", "granted", EVIDENCE)
    assert (phone["basis"], phone["decision"], phone["evidence"]) == ("imported", "pending", "")
    assert named["entered_by"] == BY
    assert "Sự đồng ý có từ trước được đưa vào" in (await fan.get("/permissions/receipts")).words
    asked = await fan.get((await fan.submit(grant_path, {"action": "reconsider", "ask": PHONE})).location)
    assert asked.boxes == {PHONE}
    question = await fan.get(f"{grant_path}?action=withdraw")
    assert all(f"<li>{name}" in question.text for name in re.findall(r"<h3>([^<]+)</h3>", page.text)[:2])
    await fan.submit(grant_path, {"action": "withdraw", "confirm": "yes"})
    ended = await fan.get(grant_path)
    assert ended.ask_states == {NAME: "withdrawn", PHONE: "refused"}
    assert "Bạn rút lại ngày" in ended.words
    assert (await shop.find_said()).has_only_refused(FAN.user_id)


async def test_evidence_that_cannot_be_read_any_more_is_left_out(shop: Shop, fan: Browser) -> None:
    """Its key was destroyed, or lost: page and receipt stand, and say when it was brought in."""
    scene = shop.asking
    await bring(scene, row_of(scene, FAN.user_id, NAME))
    grant_path = (await shop.press(fan, shop.link(asks="crm_name"), action="decide")).location
    key = scene.house.ledger.path.parents[1] / "keys" / f"{FILE}.key"
    scene.house.ledger.person_keys.destroy(FILE, "evidence")
    for _ in range(2):
        page = await fan.get(grant_path)
        assert page.ask_states == {NAME: "granted"}
        assert "Đưa vào ngày" in page.words
        assert BY not in page.words
        (code,) = set(re.findall(r"/permissions/receipts/(BN-\w+)", page.text))
        assert (await fan.get(f"/permissions/receipts/{code}")).status == 200
        key.unlink(missing_ok=True)
