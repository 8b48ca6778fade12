"""The ways in which a person signs in: seen, added and taken away, by themselves."""

from datetime import timedelta

import pytest

from gateway.records.ledger import reading
from gateway.records.ledger.kinds import Kind
from gateway.records.people.types import Role
from tests.journeys.http.oidc_stage import Stage, add_with_password, sign_in_by_password
from tests.journeys.http.origin import Browser, Page

PATH = "/sign-in/ways"


async def link(stage: Stage, browser: Browser, subject: str) -> Page:
    """Press the button on the page, and come back as a subject."""
    out = await browser.submit(PATH, {"action": "link", "provider": "oidc"})
    return await browser.get(stage.provider.authorise(out.location, subject))


async def test_a_person_adds_and_removes_a_way(stage: Stage, stranger: Browser) -> None:
    """Linked by its return, used to sign in, taken away with its sessions; each is a record of the log."""
    person = await add_with_password(stage, "an", Role.OWNER)
    await sign_in_by_password(stranger, "an")
    page = await stranger.get(PATH)
    assert page.policy == "'self' http:"
    assert (page.text.count('data-way="password"'), page.text.count('data-way="oidc"')) == (1, 0)
    done = await link(stage, stranger, "u-1")
    assert done.location == f"{PATH}?done=linked"
    page = await stranger.get(done.location)
    assert "Từ nay bạn vào được bằng cách này." in page.words
    assert page.text.count('data-way="oidc"') == 1
    async with stage.origin.browser() as other:
        await stage.sign_in(other, "u-1")
        assert (await stage.find_session(other)).person_id == person.id
        done = await stranger.submit(PATH, {"action": "unlink", "provider": "oidc", "subject": "u-1"})
        assert done.location == f"{PATH}?done=unlinked"
        assert (await other.get("/permissions")).location.startswith("/sign-in")
    assert await stage.find_person("u-1") is None
    async with stage.origin.scene.house.storage.read() as connection:
        kinds = [Kind.IDENTITY_LINKED, Kind.IDENTITY_UNLINKED]
        found = await reading.list_records(connection, reading.Search(kinds=kinds), 9)
    assert [record.kind for record in found] == kinds[::-1]
    told = {"person": person.id, "issuer": stage.provider.base, "by": "person"}
    assert [record.facts for record in found] == [told, told]
    assert {record.actor.id for record in found} == {person.id}


async def test_linking_twice_is_nothing_new(stage: Stage, stranger: Browser) -> None:
    """The same identity once more: no second record."""
    await add_with_password(stage, "an", Role.OWNER)
    await sign_in_by_password(stranger, "an")
    for _ in range(2):
        assert (await link(stage, stranger, "u-1")).location == f"{PATH}?done=linked"
    async with stage.origin.scene.house.storage.read() as connection:
        search = reading.Search(kinds=[Kind.IDENTITY_LINKED])
        assert len(await reading.list_records(connection, search, 9)) == 1


async def test_another_person_s_identity_stays_theirs(stage: Stage, stranger: Browser) -> None:
    """Who proves an identity that is somebody's does not take it over, nor become them."""
    async with stage.origin.browser() as other:
        await stage.sign_in(other, "u-1")
    holder = await stage.find_person("u-1")
    person = await add_with_password(stage, "an", Role.OWNER)
    await sign_in_by_password(stranger, "an")
    assert (await link(stage, stranger, "u-1")).location == "/sign-in/failed?why=identity_taken"
    assert await stage.find_person("u-1") == holder
    assert (await stage.find_session(stranger)).person_id == person.id


async def test_the_return_is_the_session_s(stage: Stage, stranger: Browser) -> None:
    """Link CSRF: an attacker's own return, opened in the victim's browser, ties nothing to the victim."""
    await add_with_password(stage, "ke-gian", Role.OWNER)
    await add_with_password(stage, "an", Role.OWNER)
    await sign_in_by_password(stranger, "ke-gian")
    out = await stranger.submit(PATH, {"action": "link", "provider": "oidc"})
    path = stage.provider.authorise(out.location, "attacker")
    async with stage.origin.browser() as victim:
        await sign_in_by_password(victim, "an")
        assert (await victim.get(path)).location == "/sign-in/failed?why=sign_in_state"
        assert (await victim.get(PATH)).text.count('data-way="oidc"') == 0


async def test_staff_are_linked_by_an_operator(stage: Stage, stranger: Browser) -> None:
    """The page says so, and a form that is made up is refused; also when the role came while they were away."""
    await add_with_password(stage, "van-hanh", Role.OPERATOR)
    await sign_in_by_password(stranger, "van-hanh")
    page = await stranger.get(PATH)
    assert "người vận hành thêm cách đăng nhập" in page.words
    refused = await stranger.submit(PATH, {"action": "link", "provider": "oidc"})
    assert (refused.status, "identity_staff" in refused.text) == (403, True)


async def test_the_last_way_in_stays(stage: Stage, stranger: Browser) -> None:
    """Without a password the only identity cannot be taken away; with a second one it can."""
    at = int(stage.origin.scene.clock.now().timestamp())
    await stage.sign_in(stranger, "u-1", auth_time=at)
    assert "chưa gỡ được" in (await stranger.get(PATH)).words
    refused = await stranger.submit(PATH, {"action": "unlink", "provider": "oidc", "subject": "u-1"})
    assert (refused.status, "last_way_in" in refused.text) == (409, True)
    assert (await link(stage, stranger, "u-2")).location == f"{PATH}?done=linked"
    assert (await stranger.submit(PATH, {"action": "unlink", "provider": "oidc", "subject": "u-2"})).status == 303
    assert await stage.find_person("u-1") is not None


@pytest.mark.parametrize(
    "fields,status",
    [
        ({"action": "unlink", "provider": "oidc", "subject": "u-of-another"}, 404),
        ({"action": "unlink", "provider": "oidc"}, 400),
        ({"action": "unlink", "provider": "zalo", "subject": "u-of-another"}, 400),
        ({"action": "x", "provider": "oidc"}, 400),
        ({}, 400),
    ],
)
async def test_a_form_that_was_made_up_changes_nothing(
    stage: Stage, stranger: Browser, fields: dict[str, str], status: int
) -> None:
    """Another person's identity is not found; nonsense is refused; without a token nothing is read."""
    async with stage.origin.browser() as other:
        await stage.sign_in(other, "u-of-another")
    await add_with_password(stage, "an", Role.OWNER)
    await sign_in_by_password(stranger, "an")
    assert (await stranger.submit(PATH, fields)).status == status
    assert (await stranger.post(PATH, {"action": "link", "provider": "oidc"})).status == 403
    assert await stage.find_person("u-of-another") is not None


@pytest.mark.parametrize("action", ["link", "unlink"])
async def test_an_old_session_is_asked_again(stage: Stage, stranger: Browser, action: str) -> None:
    """A stolen session adds no way in: after a quarter of an hour it is signed in once more, also at the provider."""
    clock = stage.origin.scene.clock
    await stage.sign_in(stranger, "u-1", auth_time=int(clock.now().timestamp()))
    clock.advance(timedelta(minutes=15, seconds=1))
    done = await stranger.submit(PATH, {"action": action, "provider": "oidc", "subject": "u-1"})
    assert done.location == "/sign-in?again=1&return_to=%2Fsign-in%2Fways"
    assert "Đăng nhập lại một lần" in (await stranger.get(done.location)).words
    url = await stage.start(stranger, again="1", return_to=PATH)
    assert "max_age=900" in url
    back = await stranger.get(stage.provider.authorise(url, "u-1", auth_time=int(clock.now().timestamp())))
    assert back.location == PATH
    assert (await stranger.submit(PATH, {"action": "link", "provider": "oidc"})).location.startswith(
        stage.provider.base
    )


async def test_the_way_that_is_in_use_is_marked(stage: Stage, stranger: Browser) -> None:
    """The page names the identity on which this session rests; the menu leads to the page."""
    await stage.sign_in(stranger, "u-1")
    assert "Bạn đang vào bằng cách này" in (await stranger.get(PATH)).words
    assert f'href="{PATH}"' in (await stranger.get("/permissions")).text
    assert "Ways to sign in" in (await stranger.get(f"{PATH}?lang=en&done=x")).words
