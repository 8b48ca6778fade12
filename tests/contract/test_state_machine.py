"""Random lives of a gateway against a model that knows what each token must open, at every step.

The oracle is what every call asks: `find_token` and the verdict. The model is a page of plain Python: sets of what was
agreed, and what took it away again.
"""

import asyncio
import shutil
import tempfile
from collections.abc import Awaitable, Collection
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from gateway.acts.decide import DURATIONS
from gateway.acts.expire import expire
from gateway.acts.link import finish_link, start_link
from gateway.acts.pause import pause, resume
from gateway.acts.redeem import Redemption, redeem
from gateway.acts.refresh import Renewal, refresh
from gateway.acts.shorten import shorten
from gateway.acts.suspend import resume_app, suspend_app
from gateway.acts.withdraw import withdraw
from gateway.authority.facts import find_token
from gateway.authority.verdict import Wanted, judge
from gateway.ground.vault.tokens import hashed
from gateway.records.accounts import store as accounts
from gateway.records.accounts.types import STANDING_LASTS
from gateway.records.apps import store as apps
from gateway.records.apps.types import App
from gateway.records.families.types import ACCESS_LASTS, CODE_LASTS, REFRESH_IDLE
from gateway.terms.ids import AskId, GrantId
from gateway.terms.refusal import Refusal
from tests.contract.platform import StandInPlatform
from tests.contract.steps import ALL, PROFILE, SYSTEM, owner, verified
from tests.house import ASKS, REDIRECT_URI, VERIFIER, Scene, agree, house_in, set_scene
from tests.stand_ins.clock import ManualClock
from tests.stand_ins.entropy import SeededEntropy

SCOPES = {row[0]: row[1] for row in ASKS}
TEMPLATE = "quyen.db"
durations = st.sampled_from(["P1D", "P30D", "P365D"])
some_asks = st.sets(st.sampled_from(sorted(ALL)), min_size=1).map(frozenset)


@dataclass
class Ask:
    """What the model knows of one ask of the grant: which agreement it rests on, and until when."""

    number: int = 0
    ends_at: datetime | None = None
    is_paused: bool = False

    def stands(self, now: datetime) -> bool:
        """Say whether it is granted or paused, in time."""
        return self.ends_at is not None and self.ends_at > now


@dataclass
class Family:
    """What the model knows of one authorization: the agreements that it reaches, by ask."""

    reaches: dict[str, int]
    is_over: bool = False
    used: set[str] = field(default_factory=set)


@dataclass
class Token:
    """A code, refresh token or access token that the app holds."""

    raw: str
    family: Family
    expires_at: datetime


def has_grant(life: "GatewayLife") -> bool:
    """Say whether there is a grant to change."""
    return life.grant_id is not None


def may_decide(life: "GatewayLife") -> bool:
    """Say whether the owner has standing."""
    return life.has_standing


class GatewayLife(RuleBasedStateMachine):
    """One account, one app, and everything that people, apps, operators and time do."""

    codes = Bundle("codes")
    refreshes = Bundle("refreshes")

    @initialize(target=refreshes)
    def start(self) -> Token:
        """Open a gateway on a migrated file, and let the owner agree to everything."""
        self.loop = asyncio.new_event_loop()
        self.folder = Path(tempfile.mkdtemp(prefix="quyen-life-"))
        self.clock = ManualClock()
        self.starts = 0
        self.asks: dict[str, Ask] = {name: Ask() for name in ALL}
        self.families: list[Family] = []
        self.access: list[Token] = []
        self.renewable: dict[str, Token] = {}
        self.agreements = 0
        self.is_suspended = False
        self.standing_until = self.clock.now() + STANDING_LASTS
        self.grant_id: GrantId | None = None
        self.platform = StandInPlatform()
        shutil.copy(sqlite_template_path(), self.folder / TEMPLATE)
        self._open(None)
        self.platform.profile = replace(self.platform.profile, external_id=self.scene.account.external_id)
        return self._redeemed(self._decided(frozenset(self.asks), "P365D", whole=False))

    def teardown(self) -> None:
        """Verify the log against the grants, and close."""
        if hasattr(self, "stack"):
            finding = self.do(verified(self.scene.house))
            assert finding.bad == []
            self.do(self.stack.aclose())
            shutil.rmtree(self.folder)
            self.loop.close()

    def do(self, step: Awaitable[Any]) -> Any:
        """Run one step."""
        return self.loop.run_until_complete(step)

    def tries(self, step: Awaitable[Any], *, must: bool) -> Any:
        """Run a step that the model says must succeed, or must be refused."""
        try:
            result = self.do(step)
        except Refusal:
            assert not must
            return None
        assert must
        return result

    def _open(self, scene: Scene | None) -> None:
        self.starts += 1

        async def open_house() -> Scene:
            self.stack = AsyncExitStack()
            entropy = SeededEntropy(f"start {self.starts}")
            house = await self.stack.enter_async_context(house_in(self.folder, self.clock, entropy=entropy))
            return replace(scene, house=house) if scene else await set_scene(house, self.clock)

        self.scene = self.do(open_house())

    @property
    def now(self) -> datetime:
        """What the clock says."""
        return self.clock.now()

    @property
    def has_standing(self) -> bool:
        """Say whether the owner may decide."""
        return self.standing_until > self.now

    def live(self, family: Family) -> set[str]:
        """Name what a family must be able to use now."""
        if family.is_over or self.is_suspended or not self.has_standing:
            return set()
        return {
            name
            for name, number in family.reaches.items()
            if self.asks[name].number == number and self.asks[name].stands(self.now) and not self.asks[name].is_paused
        }

    def holds(self, family: Family) -> set[str]:
        """Name what of a family stands, paused or not: tokens go on for that."""
        mine = family.reaches.items()
        return {n for n, number in mine if self.asks[n].number == number and self.asks[n].stands(self.now)}

    def _end(self, names: Collection[str]) -> None:
        for name in names:
            self.asks[name] = Ask(self.asks[name].number)
        self._end_families()

    def _end_families(self) -> None:
        for family in self.families:
            numbers = family.reaches.items()
            family.is_over |= not any(self.asks[n].number == k and self.asks[n].ends_at is not None for n, k in numbers)

    # --- people ---------------------------------------------------------------------------------------------------

    @precondition(lambda self: may_decide(self) and not self.is_suspended)
    @rule(target=codes, asks=some_asks, duration=durations, whole=st.booleans())
    def decide(self, asks: frozenset[str], duration: str, *, whole: bool) -> Token:
        """The owner answers a request for everything, all of it asked or only what does not stand."""
        return self._decided(asks, duration, whole=whole)

    def _decided(self, asks: frozenset[str], duration: str, *, whole: bool) -> Token:
        kept = set() if whole else {name for name, ask in self.asks.items() if ask.stands(self.now)}
        is_given = PROFILE in asks | kept
        ticked = frozenset(AskId(name) for name in asks)
        decided = self.do(agree(self.scene, ticked, duration=duration, whole=whole))
        self.grant_id = decided.grant_id
        assert (decided.raw_code is not None) is is_given
        family = Family({}, is_over=not is_given)
        if is_given:
            self.agreements += 1
            for name in ALL - kept:
                self._answer(name, duration, is_agreed=name in asks)
            family.reaches = {name: self.asks[name].number for name in asks | kept}
            self.families.append(family)
            self._end_families()
        return Token(decided.raw_code or "qac_none", family, self.now + CODE_LASTS)

    def _answer(self, name: str, duration: str, *, is_agreed: bool) -> None:
        ask = self.asks[name]
        if not is_agreed:
            self.asks[name] = Ask(ask.number)
            return
        number = ask.number if ask.stands(self.now) else self.agreements
        self.asks[name] = Ask(number, self.now + DURATIONS[duration])

    @precondition(has_grant)
    @rule(asks=st.none() | some_asks)
    def withdraw(self, asks: frozenset[str] | None) -> None:
        """The owner takes back some or all."""
        chosen = {name for name in (asks or ALL) if self.asks[name].ends_at is not None}
        step = withdraw(self.scene.house, self._grant(), owner(self.scene), ask_ids=self._named(asks))
        if self.tries(step, must=self.has_standing and bool(chosen)):
            self._end(chosen)

    @precondition(has_grant)
    @rule(asks=st.none() | some_asks)
    def pause(self, asks: frozenset[str] | None) -> None:
        """The owner holds back what is live."""
        chosen = [self.asks[n] for n in (asks or ALL) if self.asks[n].stands(self.now) and not self.asks[n].is_paused]
        step = pause(self.scene.house, self._grant(), owner(self.scene), ask_ids=self._named(asks))
        if self.tries(step, must=self.has_standing and bool(chosen)):
            for ask in chosen:
                ask.is_paused = True

    @precondition(has_grant)
    @rule(asks=st.none() | some_asks)
    def resume(self, asks: frozenset[str] | None) -> None:
        """The owner lets through again what is paused and in time."""
        chosen = [self.asks[n] for n in (asks or ALL) if self.asks[n].stands(self.now) and self.asks[n].is_paused]
        step = resume(self.scene.house, self._grant(), owner(self.scene), ask_ids=self._named(asks))
        if self.tries(step, must=self.has_standing and bool(chosen)):
            for ask in chosen:
                ask.is_paused = False

    @precondition(has_grant)
    @rule(hours=st.sampled_from([1, 20, 24 * 20]))
    def shorten(self, hours: int) -> None:
        """The owner brings the end nearer."""
        ends_at = self.now + timedelta(hours=hours)
        chosen = [ask for ask in self.asks.values() if ask.ends_at is not None and ask.ends_at > ends_at]
        step = shorten(self.scene.house, self._grant(), owner(self.scene), lasts=timedelta(hours=hours))
        if self.tries(step, must=self.has_standing and bool(chosen)):
            for ask in chosen:
                ask.ends_at = ends_at

    # --- apps -----------------------------------------------------------------------------------------------------

    @precondition(lambda self: may_decide(self) and not self.is_suspended)
    @rule(target=refreshes, asks=some_asks, duration=durations, whole=st.booleans())
    def connect(self, asks: frozenset[str], duration: str, *, whole: bool) -> Token:
        """The owner agrees and the app redeems at once, as it mostly goes."""
        return self._redeemed(self._decided(asks | {PROFILE}, duration, whole=whole))

    @rule(target=refreshes, token=refreshes)
    def refresh_once_more(self, token: Token) -> Token:
        """Apps refresh more than anything else."""
        return self._refreshed(token)

    @rule(target=refreshes, code=codes)
    def redeem(self, code: Token) -> Token:
        """The app redeems a code, for the first time or again."""
        return self._redeemed(code)

    def _redeemed(self, code: Token) -> Token:
        family, now = code.family, self.now
        is_replay = code.raw in family.used
        may = not is_replay and code.expires_at > now and bool(self.holds(family)) and not family.is_over
        app = self.do(_current_app(self.scene))
        step = redeem(self.scene.house, Redemption(app, code.raw, VERIFIER, REDIRECT_URI))
        answer = self.tries(step, must=may and not self.is_suspended)
        if answer is not None:
            family.used.add(code.raw)
            return self._keep(family, answer)
        if is_replay and not self.is_suspended:
            family.is_over = True
        return Token("qrt_none", Family({}, is_over=True), now)

    @rule(target=refreshes, token=refreshes)
    def refresh(self, token: Token) -> Token:
        """The app uses a refresh token: once for its successor, again for the same answer or for the family's end."""
        return self._refreshed(token)

    def _refreshed(self, token: Token) -> Token:
        family, now = token.family, self.now
        app = self.do(_current_app(self.scene))
        is_known = not family.is_over and token.expires_at > now and not self.is_suspended
        is_again = token.raw in family.used
        step = refresh(self.scene.house, Renewal(app, token.raw, None))
        try:
            answer = self.do(step)
        except Refusal:
            assert not (is_known and self.holds(family) and not is_again)
            family.is_over |= is_known and is_again and bool(self.holds(family))
            return Token("qrt_none", Family({}, is_over=True), now)
        assert is_known
        assert self.holds(family)
        family.used.add(token.raw)
        return self._keep(family, answer)

    def _keep(self, family: Family, answer: bytes) -> Token:
        parsed = orjson.loads(answer)
        last = max(self.asks[name].ends_at or self.now for name in self.holds(family))
        if parsed["refresh_token"] not in self.renewable:  # a lost answer that is given again is no new one
            self.access.append(Token(parsed["access_token"], family, min(self.now + ACCESS_LASTS, last)))
            fresh = Token(parsed["refresh_token"], family, min(self.now + REFRESH_IDLE, last))
            self.renewable[fresh.raw] = fresh
        return self.renewable[parsed["refresh_token"]]

    # --- operators, time and the machine --------------------------------------------------------------------------

    @rule(seconds=st.sampled_from([1, 1, 61, 61, 901, 86_400, 86_400 * 29, 86_400 * 61]))
    def wait(self, seconds: int) -> None:
        """Time passes."""
        self.clock.advance(seconds)

    @rule(what=st.sampled_from(["suspend", "expire", "restart", "link", "link", "lapse"]))
    def happens(self, what: str) -> None:
        """What is rarer than people's and apps' doings."""
        getattr(self, f"_{what}")()

    def _suspend(self) -> None:
        """An operator stops the app, or lets it go on."""
        if self.is_suspended:
            self.do(resume_app(self.scene.house, self.scene.app.id, SYSTEM))
        else:
            self.do(suspend_app(self.scene.house, self.scene.app.id, SYSTEM, reason="kiểm tra (mẫu)"))
        self.is_suspended = not self.is_suspended

    def _expire(self) -> None:
        """The gateway writes down what time has ended."""
        self.do(expire(self.scene.house))
        self._end({name for name, ask in self.asks.items() if not (self.has_standing and ask.stands(self.now))})

    def _restart(self) -> None:
        """The gateway stops and starts."""
        self.do(self.stack.aclose())
        self._open(self.scene)

    def _link(self) -> None:
        """The owner proves their standing anew; what lapsed meanwhile does not come back."""
        house, person_id = self.scene.house, self.scene.owner.id
        journey = self.do(start_link(house, self.platform, person_id, return_to="/"))
        self.do(finish_link(house, self.platform, person_id, raw_state=journey.raw_state, raw_code="x"))
        if not self.has_standing:
            self._end(set(self.asks))
        self.standing_until = self.now + STANDING_LASTS

    def _lapse(self) -> None:
        """The owner's standing ends at once; the record follows later."""

        async def end() -> None:
            async with self.scene.house.storage.unit() as unit:
                await accounts.end_standing(unit.connection, self.scene.account.id, self.scene.owner.id, self.now)
                await unit.commit()

        self.do(end())
        self.standing_until = min(self.standing_until, self.now)

    # --- what must hold -------------------------------------------------------------------------------------------

    @invariant()
    def each_token_opens_what_it_must(self) -> None:
        """Every access token ever handed out, against every scope: the verdict is the model's."""
        for token in getattr(self, "access", []):
            expected = self.live(token.family) if token.expires_at > self.now else set()
            assert self.do(_opened(self.scene, token.raw)) == expected

    def _grant(self) -> GrantId:
        assert self.grant_id is not None
        return self.grant_id

    def _named(self, asks: frozenset[str] | None) -> list[AskId] | None:
        return None if asks is None else [AskId(name) for name in asks]


async def _opened(scene: Scene, raw_token: str) -> set[str]:
    facts = await find_token(scene.house.storage, hashed(raw_token))
    opened: set[str] = set()
    for name, scope in SCOPES.items():
        try:
            judge(facts, Wanted("zalo", frozenset({scope}), frozenset(), None), scene.clock.now())
        except Refusal:
            continue
        opened.add(name)
    return opened


async def _current_app(scene: Scene) -> App:
    async with scene.house.storage.read() as connection:
        app = await apps.find(connection, scene.app.id)
    assert app is not None
    return app


_template: list[Path] = []


def sqlite_template_path() -> Path:
    """Return the migrated file that each life begins with."""
    return _template[0]


@pytest.fixture(autouse=True)
def template(sqlite_template: Path) -> None:
    """Let the machine know the migrated file; hypothesis makes machines without fixtures."""
    _template[:] = [sqlite_template]


def live_through(*, lives: int, steps: int) -> None:
    """Run the machine."""
    quiet = settings(
        max_examples=lives,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    run_state_machine_as_test(GatewayLife, settings=quiet)


@pytest.mark.timeout(240)
def test_some_lives_hold_what_must_hold() -> None:
    """A few random lives in each run: no token opens more, or less, than people decided."""
    live_through(lives=20, steps=30)
    assert _template


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_many_lives_hold_what_must_hold() -> None:
    """The same at length."""
    live_through(lives=400, steps=60)
    assert _template
