"""The people's origin as the server builds it, with operators, developers, decisions and calls in it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import aiohttp
import pytest

from gateway.acts.decide import Decided
from gateway.acts.register import NewPerson, add_person, register_app
from gateway.authority.budgets import Budgets
from gateway.authority.freshness import LocalProofMemory
from gateway.authority.limits import LocalLimits
from gateway.records.apps.types import App
from gateway.records.ledger.types import Actor
from gateway.records.people.types import Person, Role
from gateway.records.trace.types import Ending, Line, Outcome
from gateway.records.trace.writer import TraceWriter
from gateway.server.doors import Parts, build_public
from gateway.server.health import Health
from gateway.terms.ids import AskId, GrantId, TraceId, new_id
from scopes import load_catalogue
from tests.house import Scene, app_of, ask_of, settings_for
from tests.journeys.http.origin import Browser
from tests.platforms.zalo.stage import CallsServer
from tests.ready import scene_in
from tests.stand_ins.clock import ManualClock
from tests.stand_ins.entropy import SeededEntropy
from tests.stand_ins.passwords import shared_passwords

OWN_ASKS = (("who", "zalo.follower.name.read", "crm", True), ("phone", "zalo.follower.phone.read", "crm", False))


@dataclass(frozen=True, slots=True)
class Consoles:
    """A served gateway; `own_app` is the developer's, the scene's apps are nobody's."""

    scene: Scene
    base: str
    health: Health
    operator: Person
    developer: Person
    rival: Person
    own_app: App

    @asynccontextmanager
    async def signed_in(self, person: Person | None) -> AsyncIterator[Browser]:
        """Open a browser with a session of this person; None for a stranger's."""
        jar = aiohttp.CookieJar(unsafe=True, quote_cookie=False)
        async with aiohttp.ClientSession(cookie_jar=jar) as http:
            browser = Browser(http, self.base, self.scene)
            yield browser if person is None else await browser.sign_in_as(person)

    async def call(self, decided: Decided, outcome: Outcome, reason: str | None = None) -> Line:
        """Leave the trace line of a call by the scene's app."""
        assert decided.grant_id is not None
        return await leave_line(self.scene, decided.grant_id, outcome, reason=reason)


async def leave_line(scene: Scene, grant_id: GrantId, outcome: Outcome, *, reason: str | None = None) -> Line:
    """Leave a closed trace line of the scene's app under a grant."""
    line = Line(
        id=TraceId(new_id("tr", scene.house.entropy)),
        request_id="re_0000000000000000000001",
        app_id=scene.app.id,
        grant_id=grant_id,
        account_id=scene.account.id,
        family_id=None,
        platform="zalo",
        route="getoa",
        ask_ids=(AskId("oa_profile"),),
        opened_at=scene.clock.now(),
    )
    status = 200 if outcome is Outcome.PASSED else 403
    await TraceWriter(scene.house.storage, scene.clock).note(line, Ending(outcome, reason, status, None, 1, 0))
    return line


@asynccontextmanager
async def served_consoles(
    folder: Path, clock: ManualClock, entropy: SeededEntropy, *, trusted_proxies: str = "none"
) -> AsyncIterator[Consoles]:
    """Serve a fresh gateway, wired as the server wires it."""
    async with scene_in(folder, clock, entropy=entropy) as scene:
        house = scene.house
        system = Actor.system()
        operator, developer, rival = [
            await add_person(house, NewPerson(login, f"{login} (mẫu)", frozenset({role}), None), system)
            for login, role in (("van-hanh-1", Role.OPERATOR), ("dev-1", Role.DEVELOPER), ("dev-2", Role.DEVELOPER))
        ]
        app = app_of("Của tôi (mẫu)", "cua-toi", is_confidential=True, clock=clock)
        own_app = replace(app, owner_id=developer.id)
        await register_app(house, own_app, [ask_of(own_app.id, row) for row in OWN_ASKS], system)
        health = Health(house)
        limits = LocalLimits(clock)
        parts = Parts(
            settings_for(folder, trusted_proxies=trusted_proxies),
            house,
            load_catalogue(),
            {},
            limits,
            LocalProofMemory(clock, entropy),
            shared_passwords(),
            health,
            Budgets(clock),
        )
        async with CallsServer(build_public(parts)) as server:
            base = str(server.make_url("")).rstrip("/")
            yield Consoles(scene, base, health, operator, developer, rival, own_app)


@pytest.fixture
async def consoles(tmp_path: Path, clock: ManualClock, entropy: SeededEntropy) -> AsyncIterator[Consoles]:
    """Yield a served gateway."""
    async with served_consoles(tmp_path, clock, entropy) as consoles:
        yield consoles


@pytest.fixture
async def operator(consoles: Consoles) -> AsyncIterator[Browser]:
    """Yield the operator's browser."""
    async with consoles.signed_in(consoles.operator) as browser:
        yield browser


@pytest.fixture
async def developer(consoles: Consoles) -> AsyncIterator[Browser]:
    """Yield the developer's browser."""
    async with consoles.signed_in(consoles.developer) as browser:
        yield browser
