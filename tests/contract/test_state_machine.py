"""Random lives of a gateway: whatever people, apps, operators and time do, calls reach the platform as people decided.

The oracle is what the platform received and what of its answers the app got to see. The model that both are compared
with is a page of plain Python (`life/model.py`).
"""

import asyncio
import shutil
import tempfile
from collections.abc import Awaitable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

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

from gateway.acts.expire import expire
from gateway.acts.pause import pause, resume
from gateway.acts.redeem import Redemption, redeem
from gateway.acts.refresh import Renewal, refresh
from gateway.acts.shorten import shorten
from gateway.acts.suspend import resume_app, suspend_app
from gateway.acts.withdraw import withdraw
from gateway.terms.ids import GrantId
from gateway.terms.refusal import Refusal
from tests.contract.life.calls import TELLING, USERS, WAYS
from tests.contract.life.model import Family, Model, Names, Token
from tests.contract.life.world import World
from tests.contract.steps import ALL, SYSTEM, owner, verified
from tests.house import REDIRECT_URI, VERIFIER, Scene, agree
from tests.stand_ins.clock import ManualClock

T = TypeVar("T")
durations = st.sampled_from(["P1D", "P30D", "P365D"])
any_asks = st.frozensets(st.sampled_from(sorted(ALL)))
some_asks = any_asks.filter(bool)
ways = st.sampled_from(sorted(WAYS))
users = st.sampled_from(USERS)
HAPPENINGS = ("restart", "restart", "suspend", "suspend", "link", "lapse", "expire", "pass_time", "forget", "unlink")


class GatewayLife(RuleBasedStateMachine):
    """One account, one app, and everything that people, apps, operators and time do."""

    codes = Bundle("codes")
    refreshes = Bundle("refreshes")

    @initialize(target=refreshes, chance=st.data())
    def start(self, chance: st.DataObject) -> Token:
        """Open a gateway on a migrated file, and let the owner link the account and agree to everything."""
        self.chance = chance
        self.loop = asyncio.new_event_loop()
        self.folder = Path(tempfile.mkdtemp(prefix="quyen-life-"))
        self.clock = ManualClock()
        self.model = Model(self.clock)
        self.grant_id: GrantId | None = None
        shutil.copy(_template[0], self.folder / "quyen.db")
        self.world = World(self.folder, self.clock)
        self.do(self.world.open())
        self._link()
        return self._redeemed(self._decided(frozenset(ALL), frozenset(ALL), "P365D", is_whole=False))

    def teardown(self) -> None:
        """Verify the log against the grants, and close."""
        if not hasattr(self, "loop"):
            return
        try:
            assert self.do(verified(self.scene.house)).bad == []
        finally:
            self.do(self.world.close())
            self.do(self.loop.shutdown_default_executor())
            self.loop.close()
            shutil.rmtree(self.folder)

    @property
    def scene(self) -> Scene:
        """The gateway as it runs now, and who is there."""
        return self.world.scene

    def do(self, step: Awaitable[Any]) -> Any:
        """Run one step."""
        return self.loop.run_until_complete(step)

    def tries(self, step: Awaitable[Any], *, must: bool) -> Any:
        """Run a step that the model says must succeed, or must be refused."""
        try:
            result = self.do(step)
        except Refusal:
            result = None
        assert (result is not None) is must
        return result

    # --- people ---------------------------------------------------------------------------------------------------

    @precondition(lambda self: self.model.may_decide)
    @rule(target=codes, asks=some_asks, unticked=any_asks, duration=durations, is_whole=st.booleans())
    def decide(self, asks: Names, unticked: Names, duration: str, *, is_whole: bool) -> Token:
        """The owner ticks these of what the app asks for, all of it shown or only what does not stand."""
        return self._decided(asks | unticked, asks, duration, is_whole=is_whole)

    def _decided(self, asked: Names, agreed: Names, duration: str, *, is_whole: bool) -> Token:
        decided = self.do(agree(self.scene, agreed, duration=duration, asked_for=asked, whole=is_whole))
        self.grant_id = decided.grant_id
        family = self.model.decide(asked, agreed, duration, is_whole=is_whole)
        assert (decided.raw_code is None) is (family is None)
        return self.model.code(decided.raw_code or "qac_none", family or Family({}, is_over=True))

    @rule(asks=st.none() | some_asks)
    def withdraw(self, asks: Names | None) -> None:
        """The owner takes back some or all."""
        step = withdraw(self.scene.house, self._grant(), owner(self.scene), ask_ids=asks)
        self.tries(step, must=self.model.withdraw(asks or ALL))

    @rule(asks=st.none() | some_asks, is_paused=st.booleans())
    def pause(self, asks: Names | None, *, is_paused: bool) -> None:
        """The owner holds back what is live, or lets through again what is paused and in time."""
        act = pause if is_paused else resume
        step = act(self.scene.house, self._grant(), owner(self.scene), ask_ids=asks)
        self.tries(step, must=self.model.pause(asks or ALL, is_paused=is_paused))

    @rule(lasts=st.sampled_from([timedelta(minutes=1), timedelta(hours=20)]))
    def shorten(self, lasts: timedelta) -> None:
        """The owner brings the end nearer."""
        step = shorten(self.scene.house, self._grant(), owner(self.scene), lasts=lasts)
        self.tries(step, must=self.model.shorten(lasts))

    # --- apps -----------------------------------------------------------------------------------------------------

    @precondition(lambda self: self.model.may_decide)
    @rule(target=refreshes, asks=some_asks, duration=durations, is_whole=st.booleans())
    def connect(self, asks: Names, duration: str, *, is_whole: bool) -> Token:
        """The owner agrees and the app redeems at once, as it mostly goes."""
        return self._redeemed(self._decided(asks, asks, duration, is_whole=is_whole))

    @rule(target=refreshes, code=codes)
    def redeem(self, code: Token) -> Token:
        """The app redeems a code, for the first time or again."""
        return self._redeemed(code)

    def _redeemed(self, code: Token) -> Token:
        step = redeem(self.scene.house, Redemption(self.do(self.world.find_app()), code.raw, VERIFIER, REDIRECT_URI))
        answer = self.tries(step, must=self.model.redeem(code))
        return self.model.take(orjson.loads(answer), code.family) if answer else self._nothing()

    @rule(target=refreshes, token=refreshes)
    def refresh(self, token: Token) -> Token:
        """The app uses a refresh token: once for its successor, again for the same answer or for the family's end."""
        return self._refreshed(token, None)

    @rule(target=refreshes, token=refreshes, asks=some_asks)
    def narrow(self, token: Token, asks: Names) -> Token:
        """The app asks for an access token that opens less."""
        return self._refreshed(token, asks)

    def _refreshed(self, token: Token, asks: Names | None) -> Token:
        step = refresh(self.scene.house, Renewal(self.do(self.world.find_app()), token.raw, asks))
        answer = self.tries(step, must=self.model.refresh(token, asks))
        if answer is None:
            return self._nothing()
        return self.model.take(orjson.loads(answer), token.family, parent=token, asks=asks)

    @rule(place=st.integers(0, 9), way=ways, user=users, is_dialect=st.booleans())
    def call(self, place: int, way: str, user: str, *, is_dialect: bool) -> None:
        """The app calls, mostly with a token that it got lately."""
        access = self.model.access
        self._called(access[-1 - place % len(access)], way, user, is_dialect=is_dialect)

    def _called(self, token: Token, way: str, user: str, *, is_dialect: bool = False) -> None:
        foretold = self.model.foretell(token, WAYS[way], user)
        came = self.do(self.world.call(token.raw, WAYS[way], user, is_dialect=is_dialect))
        assert came == foretold, f"{way} with {token}"

    # --- operators, time and the machine --------------------------------------------------------------------------

    @rule(seconds=st.sampled_from([1, 61, 61]))
    def wait(self, seconds: int) -> None:
        """A little time passes: a code dies of it, an access token does not."""
        self.clock.advance(seconds)

    @rule(what=st.sampled_from(HAPPENINGS))
    def happens(self, what: str) -> None:
        """What is rarer than people's and apps' doings."""
        getattr(self, f"_{what}")()

    def _restart(self) -> None:
        """The gateway stops and starts."""
        self.do(self.world.restart())

    def _suspend(self) -> None:
        """An operator stops the app, or lets it go on."""
        house, app_id = self.scene.house, self.scene.app.id
        if self.model.is_suspended:
            self.do(resume_app(house, app_id, SYSTEM))
        else:
            self.do(suspend_app(house, app_id, SYSTEM, reason="kiểm tra (mẫu)"))
        self.model.is_suspended = not self.model.is_suspended

    def _pass_time(self) -> None:
        """Long enough for tokens, agreements or the owner's standing to run out."""
        self.clock.advance(self._any([901, 86_400, 86_400 * 29, 86_400 * 61]))

    def _expire(self) -> None:
        """The gateway writes down what time has ended."""
        self.do(expire(self.scene.house))
        self.model.expire()

    def _link(self) -> None:
        """The owner proves their standing anew."""
        self.do(self.world.link())
        self.model.link()

    def _lapse(self) -> None:
        """The owner's standing ends at once; the record follows later."""
        self.do(self.world.lapse())
        self.model.lapse()

    def _forget(self) -> None:
        """The platform ends the access token that it gave the gateway."""
        self.do(self.world.forget_tokens(keeps_refresh=True))
        self.model.upstream.forget(keeps_refresh=True)

    def _unlink(self) -> None:
        """The platform ends both of the gateway's tokens."""
        self.do(self.world.forget_tokens(keeps_refresh=False))
        self.model.upstream.forget(keeps_refresh=False)

    # --- what must hold -------------------------------------------------------------------------------------------

    @invariant()
    def calls_come_out_as_people_decided(self) -> None:
        """The app tries a token that may be alive, and any that it ever had; nothing else reaches the platform."""
        access = self.model.access
        in_time = [token for token in access if token.expires_at > self.clock.now()]
        if in_time:
            token = self._any(in_time)
            for way in TELLING:
                self._called(token, way, USERS[0])
        self._called(self._any(access), self._any(list(WAYS)), USERS[1])

    def _any(self, choices: Sequence[T]) -> T:
        return choices[self.chance.draw(st.integers(0, len(choices) - 1))]

    def _grant(self) -> GrantId:
        assert self.grant_id is not None
        return self.grant_id

    def _nothing(self) -> Token:
        return Token("qrt_none", Family({}, is_over=True), self.clock.now())


_template: list[Path] = []


@pytest.fixture(autouse=True)
def template(sqlite_template: Path) -> None:
    """Let the machine know the migrated file that each life begins with; hypothesis makes machines without fixtures."""
    _template[:] = [sqlite_template]


def live_through(*, lives: int, steps: int, repeatable: bool) -> None:
    """Run the machine; `repeatable`: through the same lives in every run."""
    quiet = settings(
        max_examples=lives,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
        derandomize=repeatable,
    )
    run_state_machine_as_test(GatewayLife, settings=quiet)


@pytest.mark.timeout(600)
def test_some_lives_hold_what_must_hold() -> None:
    """A few lives, the same in each run: no call does more, or less, than people decided."""
    live_through(lives=18, steps=24, repeatable=True)
    assert _template


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_many_lives_hold_what_must_hold() -> None:
    """The same at length, with other lives in each run."""
    live_through(lives=400, steps=60, repeatable=False)
    assert _template
