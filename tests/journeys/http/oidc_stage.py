"""The people's origin with a provider beside it that answers rightly until a test makes it lie."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from gateway.acts.register import NewPerson, add_person
from gateway.acts.sign_in import Errand, start_sign_in
from gateway.doors.person.provider import SignInProvider
from gateway.ground.identity.provider import Provider
from gateway.ground.identity.types import Registration
from gateway.ground.vault.tokens import hashed
from gateway.records.ledger.types import Actor
from gateway.records.people import identities
from gateway.records.people import store as people
from gateway.records.people.identities import Purpose
from gateway.records.people.types import Person, Role, Session
from tests.house import PUBLIC_URL, Scene
from tests.journeys.http.origin import Browser, Origin, Page, served
from tests.stand_ins.provider import CALLBACK, CLIENT_ID, CLIENT_SECRET, LyingProvider

PASSWORD = "mật khẩu đúng (mẫu)"
NAME = "Tài khoản Công ty (mẫu)"


@dataclass(frozen=True)
class Stage:
    """The served origin, the provider beside it, and the gateway's client of it."""

    origin: Origin
    provider: LyingProvider
    client: Provider

    async def start(self, browser: Browser, **fields: str) -> str:
        """Press the provider's button; return where the browser is sent."""
        page = await browser.get("/sign-in?again=1" if "again" in fields else "/sign-in")
        done = await browser.post("/sign-in/oidc", {"csrf_token": page.token, **fields})
        return done.location

    async def sign_in(self, browser: Browser, subject: str, return_to: str = "/", **claims: object) -> Page:
        """Sign in at the provider as a subject, the whole way."""
        url = await self.start(browser, return_to=return_to)
        return await browser.get(self.provider.authorise(url, subject, **claims))

    async def failed(self, browser: Browser, page: Page) -> tuple[int, str]:
        """Follow a return that failed to its page; return its status and code, having seen that nobody is in."""
        address = urlsplit(page.location)
        assert address.path == "/sign-in/failed", page.location
        shown = await browser.get(page.location)
        assert "quyen_session" not in browser.cookies()
        why = parse_qs(address.query)["why"][0]
        assert why in shown.text
        return shown.status, why

    async def find_session(self, browser: Browser) -> Session:
        """Find the live session of this browser."""
        async with self.origin.scene.house.storage.read() as connection:
            raw_session = browser.cookies()["quyen_session"]
            found = await people.find_session(connection, hashed(raw_session), self.origin.scene.clock.now())
        assert found is not None
        return found

    async def find_person(self, subject: str) -> Person | None:
        """Find whom a subject is here."""
        async with self.origin.scene.house.storage.read() as connection:
            known = await identities.find(connection, self.provider.base, subject)
            return await people.find(connection, known.person_id) if known else None


@asynccontextmanager
async def staged(scene: Scene, provider: LyingProvider) -> AsyncIterator[Stage]:
    """Serve the people's origin with that provider."""
    registration = Registration(
        provider.base, CLIENT_ID, CLIENT_SECRET, "client_secret_basic", CALLBACK, f"{PUBLIC_URL}/"
    )
    client = Provider(registration, scene.clock, limit_seconds=2)
    there = SignInProvider(client, NAME, "Company (mẫu)", frozenset({Role.OWNER}))
    async with served(scene, providers=(there,)) as origin:
        yield Stage(origin, provider, client)


async def add_with_password(stage: Stage, login: str, *roles: Role) -> Person:
    """Add someone with a password."""
    hashed_password = await stage.origin.door.passwords.hash_password(PASSWORD)
    wanted = NewPerson(login, f"{login} (mẫu)", frozenset(roles), hashed_password)
    return await add_person(stage.origin.scene.house, wanted, Actor.system())


async def sign_in_by_password(browser: Browser, login: str) -> None:
    """Sign in by password."""
    done = await browser.submit("/sign-in", {"login": login, "password": PASSWORD})
    assert done.status == 303


async def set_out_to_prove(stage: Stage, browser: Browser, *, max_age_seconds: int) -> str:
    """Send whoever is signed in to prove again who they are, as a step-up does; return where the browser goes."""
    session = await stage.find_session(browser)
    errand = Errand("/permissions", Purpose.PROVE, session.person_id, max_age_seconds, prompt="login")
    raw_browser = browser.cookies()["quyen_session"]
    return await start_sign_in(stage.origin.scene.house, stage.client, errand, raw_browser=raw_browser)
