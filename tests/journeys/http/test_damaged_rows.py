"""A row of state that holds what none can: its page answers, names it, and everything beside it is as it was."""

import re
import sqlite3
from contextlib import closing
from dataclasses import dataclass

import pytest
from structlog.testing import capture_logs

from gateway.acts.upstream_apps import Brought, bring_upstream
from gateway.ground.storage.engines import sqlite_path
from gateway.records.ledger.types import Actor
from tests.house import Scene, agree
from tests.journeys.http.origin import Browser, Origin


def damage(scene: Scene, table: str, change: str, where: str = "TRUE") -> None:
    """Change rows past the gateway, as anyone who can write the file can."""
    with closing(sqlite3.connect(sqlite_path(scene.house.storage.url))) as database, database:
        assert database.execute(f"UPDATE {table} SET {change} WHERE {where}").rowcount > 0  # noqa: S608


@dataclass(frozen=True)
class Given:
    """Two grants of the owner: the one that is damaged, and one beside it."""

    grant_id: str
    other_id: str


@pytest.fixture
async def given(origin: Origin) -> Given:
    """Let the owner agree to what two apps ask."""
    first, second = await agree(origin.scene), await agree(origin.scene, app=origin.scene.public_app)
    return Given(str(first.grant_id), str(second.grant_id))


def list_named(text: str) -> list[str]:
    """List the ids that a page says cannot be read."""
    return re.findall(r'data-damaged="([^"]*)"', text)


OF_GRANT = {
    "a permission's state": ("permissions", "state = 'x'", "grant_id = '{0}' AND ask_id = 'crm_name'"),
    "a permission's end": ("permissions", "ends_at = 'x'", "grant_id = '{0}' AND ask_id = 'crm_name'"),
    "a permission's time": ("permissions", f"decided_at = {2**62}", "grant_id = '{0}' AND ask_id = 'crm_name'"),
    "a grant's time": ("grants", "created_at = 'x'", "id = '{0}'"),
    "a grant's version": ("grants", "version = 'x'", "id = '{0}'"),
    "an app's addresses": ("apps", "redirect_uris = '{{'", "id = (SELECT app_id FROM grants WHERE id = '{0}')"),
    "an app's state": ("apps", "state = 'x'", "id = (SELECT app_id FROM grants WHERE id = '{0}')"),
}


@pytest.mark.parametrize("what", OF_GRANT)
async def test_a_grant_that_cannot_be_read_is_named_and_closed(
    origin: Origin, browser: Browser, given: Given, what: str
) -> None:
    """The list names it and shows the other; its own page and acts say 503 and do nothing; the log says which."""
    table, change, where = OF_GRANT[what]
    damage(origin.scene, table, change.replace("{{", "{"), where.format(given.grant_id))
    with capture_logs() as logs:
        page = await browser.get("/permissions")
    assert page.status == 200
    assert list_named(page.text) == [given.grant_id]
    assert list(page.grant_states) == [given.other_id]
    assert "Không đọc được 1 mục của bạn" in page.words
    app_id = origin.scene.app.id if table == "apps" else given.grant_id
    assert {log["id"] for log in logs if log["event"] == "a stored row cannot be read and is closed"} == {app_id}
    assert (await browser.get(f"/permissions/{given.grant_id}")).status == 503
    token = (await browser.get(f"/permissions/{given.other_id}")).token
    fields = {"action": "withdraw", "confirm": "yes", "csrf_token": token}
    assert (await browser.post(f"/permissions/{given.grant_id}", fields)).status == 503
    for path in ("/connections", "/permissions/trace", "/permissions/receipts", f"/permissions/{given.other_id}"):
        assert (await browser.get(path)).status == 200, path


@pytest.mark.parametrize("change", ["texts = '{'", "texts = '[]'", "recipients = '{\"a\":1}'", "basis = 'x'"])
async def test_an_ask_that_cannot_be_read_takes_no_page_along(
    origin: Origin, browser: Browser, given: Given, change: str
) -> None:
    """The grant's page tells the other asks and names this one, which ends with the whole app; receipts say so."""
    damage(origin.scene, "asks", change, f"app_id = '{origin.scene.app.id}' AND id = 'crm_name'")
    page = await browser.get(f"/permissions/{given.grant_id}")
    assert page.status == 200
    assert "crm_name" not in page.ask_states
    assert "crm_phone" in page.ask_states
    assert 'data-unread="crm_name"' in page.text
    receipts = await browser.get("/permissions/receipts")
    assert "Chưa đọc được: dữ liệu về ứng dụng bị hỏng" in receipts.words
    (code, _) = re.findall(r'data-receipt="(BN-\w+)"', receipts.text)[::-1]
    assert (await browser.get(f"/permissions/receipts/{code}")).status == 503
    assert (await browser.get("/permissions/trace")).status == 200
    done = await browser.submit(f"/permissions/{given.grant_id}", {"action": "withdraw", "confirm": "yes"})
    assert done.status == 303
    assert (await browser.get("/permissions")).grant_states[given.grant_id] == "withdrawn"


@pytest.mark.parametrize("change", ["state = 'x'", "changed_at = 'x'", "generation = 'x'", "sealed_credential = 'x'"])
async def test_a_connection_that_cannot_be_read_is_named(
    origin: Origin, browser: Browser, given: Given, change: str
) -> None:
    """On its page, by its id; what people decided is shown as ever."""
    damage(origin.scene, "connections", change)
    page = await browser.get("/connections")
    assert page.status == 200
    (named,) = list_named(page.text)
    assert named.startswith("cn_")
    assert (await browser.get("/permissions")).grant_states.keys() == {given.other_id, given.grant_id}


async def test_an_app_that_cannot_be_read_takes_no_connections_along(origin: Origin, browser: Browser) -> None:
    """One that brought its own upstream app, under which anybody may link: it stands there by its id."""
    scene = origin.scene
    await bring_upstream(scene.house, Brought(scene.app.id, "zalo", "5566778899001", "bi-mat"), Actor.system())
    await agree(scene)
    damage(scene, "apps", "state = 'x'", f"id = '{scene.app.id}'")
    page = await browser.get("/connections")
    assert page.status == 200
    assert scene.account.name in page.words
    assert scene.app.id in page.words


@pytest.mark.parametrize("change", ["proven_at = 'x'", "lapses_at = 'x'"])
async def test_a_standing_that_cannot_be_read_lets_nobody_decide(
    origin: Origin, browser: Browser, given: Given, change: str
) -> None:
    """It is named on the list; grants of its account are not theirs to see or change until it can be read."""
    damage(origin.scene, "standings", change)
    page = await browser.get("/permissions")
    assert (page.status, page.grant_states) == (200, {})
    (named,) = list_named(page.text)
    assert named.startswith("st_")
    assert (await browser.get(f"/permissions/{given.grant_id}")).status == 404
    assert "mọi ứng dụng" not in (await browser.get("/connections")).words
