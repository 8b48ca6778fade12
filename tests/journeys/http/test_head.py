"""HEAD answers as GET does, without a body, and leaves nothing behind."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from gateway.acts.open_request import Asked, open_request
from gateway.ground.storage.engines import sqlite_path
from tests.house import CHALLENGE, REDIRECT_URI, Scene, agree
from tests.journeys.http.consoles_origin import Consoles
from tests.journeys.http.origin import Browser

PUBLIC = ("/", "/sign-in", "/receipts/verify", "/healthz", "/.well-known/security.txt", "/nowhere", "/openapi.json")
OWNERS = ("/permissions", "/permissions/trace", "/permissions/receipts", "/connections", "/device", "/permissions/gr_x")


@contextmanager
def nothing_written(scene: Scene) -> Iterator[None]:
    """Check that nobody commits anything meanwhile."""
    other = sqlite3.connect(sqlite_path(scene.house.storage.url))
    (before,) = other.execute("PRAGMA data_version").fetchone()
    yield
    (after,) = other.execute("PRAGMA data_version").fetchone()
    other.close()
    assert before == after


async def compare(consoles: Consoles, browser: Browser, path: str) -> int:
    """Ask by GET and by HEAD, compare what both say, and return the status."""
    page = await browser.get(path)
    with nothing_written(consoles.scene):
        head = await browser.head(path)
    assert head.text == ""
    for name in ("Content-Type", "Cache-Control", "Location", "Content-Security-Policy"):
        assert head.headers.get(name) == page.headers.get(name), (path, name)
    assert head.status == page.status, path
    return head.status


async def test_pages_and_health_answer(consoles: Consoles) -> None:
    """A stranger's, an owner's and a developer's pages, what is not there, and what leads to sign-in."""
    statuses: set[int] = set()
    grant = f"/permissions/{(await agree(consoles.scene)).grant_id}"
    for person, paths in (
        (None, (*PUBLIC, *OWNERS, "/operators", "/developers")),
        (
            consoles.scene.owner,
            (*OWNERS, grant, f"{grant}?action=withdraw", f"{grant}/credentials", f"{grant}/families", "/developers"),
        ),
        (consoles.developer, ("/developers", f"/developers/{consoles.own_app.id}")),
        (consoles.operator, ("/operators",)),
    ):
        async with consoles.signed_in(person) as browser:
            statuses |= {await compare(consoles, browser, path) for path in paths}
    assert statuses == {200, 303, 403, 404}


async def test_readiness_answers(consoles: Consoles, operator: Browser) -> None:
    """Whoever looks after the gateway may ask so; what is asked is written and undone each time."""
    head = await operator.head("/readyz")
    assert (head.status, head.text) == (200, "")
    consoles.health.is_draining = True
    assert (await operator.head("/readyz")).status == 503


async def test_a_get_that_notes_something_has_no_head(consoles: Consoles, operator: Browser) -> None:
    """The screen of a request is not taken for seen, nobody is looked up, and no request is opened: 405."""
    scene = consoles.scene
    asked = Asked(scene.app.id, (scene.asks[0].id,), REDIRECT_URI, "state-1", CHALLENGE)
    request = await open_request(scene.house, asked)
    look = "/operators/log?q=person:chu-1&reason=xem"
    async with consoles.signed_in(scene.owner) as owner:
        with nothing_written(scene):
            consent = await owner.head(f"/consent/{request.id}")
            back = await owner.head("/connections/zalo/callback?state=x&code=y")
            looks = [await operator.head(path) for path in (look, "/operators/log/lr_x?reason=xem")]
            away = await owner.head(f"/oauth/authorize?client_id={scene.app.id}")
    assert {each.status for each in (consent, back, *looks, away)} == {405}


@pytest.mark.parametrize("path", ["/healthz", "/.well-known/oauth-authorization-server"])
async def test_machines_get_the_length_of_what_is_not_sent(operator: Browser, path: str) -> None:
    """The body that GET would have is counted."""
    assert (await operator.head(path)).headers["Content-Length"] == (await operator.get(path)).headers["Content-Length"]
