"""A form counts only when one of our own pages sent it, in the same browser session."""

import pytest

from tests.house import PUBLIC_URL, agree
from tests.journeys.http.origin import OWN_PAGE, Browser, Origin

FOREIGN = "https://evil.example"


HEADERS = [
    ({"Sec-Fetch-Site": "same-origin"}, True),
    ({"Sec-Fetch-Site": "none"}, True),
    ({"Sec-Fetch-Site": "same-origin", "Origin": "null"}, True),
    ({"Origin": PUBLIC_URL}, True),
    ({"Origin": "null"}, True),
    ({}, True),
    ({"Sec-Fetch-Site": "cross-site"}, False),
    ({"Sec-Fetch-Site": "same-site"}, False),
    ({"Sec-Fetch-Site": "cross-site", "Origin": PUBLIC_URL}, False),
    ({"Sec-Fetch-Site": "nonsense"}, False),
    ({"Origin": FOREIGN}, False),
    ({"Origin": PUBLIC_URL + ".evil.example"}, False),
    ({"Origin": PUBLIC_URL.replace("8400", "8403")}, False),
]


@pytest.mark.parametrize("headers,is_own", HEADERS)
async def test_where_the_browser_says_it_comes_from_decides(
    origin: Origin, browser: Browser, headers: dict[str, str], *, is_own: bool
) -> None:
    """With the right token a foreign or same-site sender is refused and nothing is decided; our own pages pass."""
    path = await origin.ask()
    token = (await browser.get(path)).token
    page = await browser.post(path, {"decision": "refuse", "csrf_token": token}, headers=headers)
    assert page.status == (303 if is_own else 403)
    assert (await browser.get(path)).status == (409 if is_own else 200)


@pytest.mark.parametrize("kind", ["missing", "empty", "wrong", "another session's", "the stranger's"])
async def test_the_form_token_is_always_asked(origin: Origin, browser: Browser, kind: str) -> None:
    """A form from our own page without the token of this very session is refused and decides nothing."""
    path = await origin.ask()
    await browser.get(path)
    async with origin.browser() as other:
        strangers = (await other.get("/sign-in")).token
        others = (await (await other.sign_in_as(origin.scene.owner)).get("/permissions")).token
    token = {"empty": "", "wrong": "x" * 43, "another session's": others, "the stranger's": strangers}.get(kind)
    fields = {"decision": "refuse"} | ({} if token is None else {"csrf_token": token})
    page = await browser.post(path, fields)
    assert (page.status, "csrf_failed" in page.text) == (403, True)
    assert (await browser.get(path)).status == 200


async def test_every_form_that_acts_is_guarded(origin: Origin, browser: Browser) -> None:
    """No POST of the door acts without a token: signing in and out, linking, consent, keys and all else."""
    grant_id = (await agree(origin.scene)).grant_id
    consent = await origin.ask()
    await browser.get(consent)
    posts = [row for row in origin.table if row.method == "POST"]
    paths = {row.path: row.path.replace("{grant}", str(grant_id)) for row in posts} | {"/consent/{request}": consent}
    fields = {"login": "chu-1", "password": "x", "platform": "zalo", "decision": "refuse", "action": "withdraw"}
    statuses = {
        row.path: (
            await browser.post(paths[row.path], {**fields, "confirm": "yes", "receipt": "{}", "user_code": "BCFG-HJKL"})
        ).status
        for row in posts
    }
    assert len(statuses) == 11
    assert set(statuses.values()) == {403}
    assert "granted" in (await browser.get(f"/permissions/{grant_id}")).ask_states.values()


async def test_before_sign_in_a_form_rests_on_its_own_cookie(origin: Origin) -> None:
    """Signing somebody in from another page (login CSRF) needs the cookie of a page that they opened here."""
    async with origin.browser() as mine, origin.browser() as theirs:
        token = (await mine.get("/sign-in")).token
        fields = {"login": "chu-1", "password": "x", "csrf_token": token}
        assert (await theirs.post("/sign-in", fields)).status == 403
        theirs.keep("quyen_form", "")
        assert (await theirs.post("/sign-in", fields)).status == 403
        await theirs.get("/sign-in")
        assert (await theirs.post("/sign-in", fields)).status == 403
        assert (await mine.post("/sign-in", fields)).status == 401


async def test_a_get_changes_nothing(origin: Origin, browser: Browser) -> None:
    """No address acts by being opened, whatever its query says."""
    grant_id = (await agree(origin.scene)).grant_id
    token = (await browser.get("/permissions")).token
    query = f"action=withdraw&confirm=yes&decision=agree&csrf_token={token}"
    for path in (f"/permissions/{grant_id}", "/permissions", await origin.ask()):
        await browser.get(f"{path}?{query}")
    assert set((await browser.get("/permissions")).grant_states.values()) == {"granted"}
    assert (await browser.get(f"/sign-out?{query}")).status == 405
    assert (await browser.get("/permissions")).status == 200


@pytest.mark.parametrize("content_type", ["text/plain", "application/json", "multipart/form-data"])
async def test_only_forms_are_read(origin: Origin, browser: Browser, content_type: str) -> None:
    """A body of another type, which another site could send without asking, is 415 before it is read."""
    headers = {**OWN_PAGE, "Content-Type": content_type}
    page = await browser.post("/permissions", "action=withdraw&confirm=yes", headers=headers)
    assert page.status == 415
