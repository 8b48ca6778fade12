"""An app that chose its own name is told apart from the one that it imitates, wherever its name is read (R14)."""

from collections.abc import Sequence
from dataclasses import replace

import orjson
import pytest

from gateway.acts.open_request import Asked, Wishes, open_request
from gateway.doors import app_label
from gateway.ground.web.app_labels import AppLabel
from gateway.records.apps.types import App, AppOrigin, Ask
from gateway.records.requests.types import Prompt
from gateway.records.trace.types import Outcome
from gateway.terms.ids import AppId, GrantId
from tests.house import CHALLENGE, Scene, agree
from tests.journeys.http.consoles_origin import leave_line
from tests.journeys.http.origin import Browser, Origin
from tests.journeys.http.test_dynamic_apps import CLIENT_ID, HOST, add, give

RETURN = "https://return.example/cb"
KINDS = pytest.mark.parametrize(
    "app_id,host,where", [("app_1", "", "return.example"), (CLIENT_ID, HOST, CLIENT_ID)], ids=["itself", "document"]
)


async def imitate(origin: Origin, app_id: str, host: str) -> tuple[App, Ask]:
    """Add a dynamic app under the very name of the scene's checked one."""
    return await add(origin, app_id, name=origin.scene.app.name, redirect_uri=RETURN, host=host)


@KINDS
async def test_no_page_after_the_decision_shows_its_name_alone(
    origin: Origin, browser: Browser, app_id: str, host: str, where: str
) -> None:
    """The list, the grant, keys, families, what asks before a withdrawal, the trace and its filter, receipts."""
    app, ask = await imitate(origin, app_id, host)
    grant = await give(origin, browser, app, ask)
    await leave_line(origin.scene, GrantId(grant.rpartition("/")[2]), Outcome.PASSED)
    receipts = (await browser.get("/permissions/receipts")).text
    code = receipts.split("/permissions/receipts/")[1].split('"')[0]
    marked = f"Chưa xác minh tên tự đặt · {where}"
    for path in (
        "/permissions",
        grant,
        f"{grant}/credentials",
        f"{grant}/families",
        f"{grant}?action=withdraw",
        f"{grant}?action=withdraw&ask={ask.id}",
        "/permissions/trace",
        "/permissions/receipts",
        f"/permissions/receipts/{code}",
    ):
        assert marked in (await browser.get(path)).words, path
    listed = f"{app.name} (Chưa xác minh · tên tự đặt · {where})"
    for path in ("/permissions/trace", "/permissions?action=withdraw"):
        assert listed in (await browser.get(path)).words, path
    english = (await browser.get("/permissions?lang=en")).words
    assert f"a name of its own choice · {where}" in english
    for path in (grant, f"/permissions/receipts/{code}"):
        assert f"Mã ứng dụng {app_id}" in (await browser.get(path)).words, path


@KINDS
async def test_a_receipt_says_which_app_it_was(
    origin: Origin, browser: Browser, app_id: str, host: str, where: str
) -> None:
    """The signed JSON names the client_id, who registered it, that nobody checked it, and where its answers go."""
    app, ask = await imitate(origin, app_id, host)
    await give(origin, browser, app, ask)
    controller = await read_controller(browser)
    named = {name: controller[name] for name in ("client_id", "registered_by", "verified_at", "returns_to")}
    origins = {"return.example": "itself", CLIENT_ID: "document"}
    assert named == {
        "client_id": app_id,
        "registered_by": origins[where],
        "verified_at": None,
        "returns_to": ["return.example"],
    }


async def test_a_checked_app_bears_no_label_and_its_receipt_its_id(origin: Origin, browser: Browser) -> None:
    """Nothing is said where there is nothing to say; the receipt still names the app by its id."""
    app = origin.scene.app
    decided = await agree(origin.scene)
    for path in ("/permissions", f"/permissions/{decided.grant_id}", "/permissions/receipts", "/permissions/trace"):
        page = await browser.get(path)
        assert page.status == 200
        assert "Chưa xác minh" not in page.words, path
    controller = await read_controller(browser)
    assert (controller["client_id"], controller["registered_by"]) == (app.id, "operator")
    assert controller["verified_at"] is not None


async def test_the_sign_in_page_says_it_too(origin: Origin) -> None:
    """Before anybody signs in: whose request waits there is an app that nobody checked."""
    app, ask = await imitate(origin, "app_1", "")
    wishes = Wishes(prompts=(Prompt.LOGIN,))
    asked = await open_request(origin.scene.house, Asked(app.id, (ask.id,), RETURN, "s", CHALLENGE, wishes=wishes))
    async with origin.browser() as stranger:
        page = await stranger.get(f"/sign-in?return_to=/consent/{asked.id}")
        assert "Chưa xác minh tên tự đặt · return.example" in page.words
        assert "Chưa xác minh" not in (await stranger.get(f"/sign-in?return_to={await origin.ask()}")).words


async def read_controller(browser: Browser) -> dict[str, object]:
    """Return who receives by the newest receipt's signed JSON."""
    code = (await browser.get("/permissions/receipts")).text.split("/permissions/receipts/")[1].split('"')[0]
    told: dict[str, dict[str, object]] = orjson.loads((await browser.get(f"/permissions/receipts/{code}.json")).text)
    controller: dict[str, object] = orjson.loads(orjson.dumps(told["receipt"]["controller"]))
    return controller


@pytest.mark.parametrize(
    "redirect_uris,where",
    [
        (["https://a.example/x", "https://a.example/y", "http://127.0.0.1:1/"], "a.example, 127.0.0.1"),
        (["com.example.app:/cb"], "com.example.app"),
        ([], "app_1"),
    ],
)
async def test_where_is_what_the_app_cannot_choose(scene: Scene, redirect_uris: Sequence[str], where: str) -> None:
    """Each host of return once, or a private scheme; an app of devices that goes nowhere is known by its id."""
    itself = replace(scene.app, id=AppId("app_1"), origin=AppOrigin.ITSELF, reviewed_at=None)
    app = replace(itself, redirect_uris=tuple(redirect_uris))
    assert app_label(app) == AppLabel(is_verified=False, is_dynamic=True, where=where)
