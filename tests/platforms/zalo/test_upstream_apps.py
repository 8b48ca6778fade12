"""Two apps with apps of their own at Zalo beside the gateway's, on one OA: judged by the bytes that reach Zalo.

`appsecret_proof` tells whose secret signed which token; the stand-in refuses a token with another app's proof.
"""

import hashlib
import hmac
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from gateway.acts.link import finish_link, start_link
from gateway.acts.upstream_apps import Brought, bring_upstream, remove_upstream
from gateway.doors.calls import forwarding
from gateway.doors.calls import links as links_of_calls
from gateway.ground.vault.tokens import hashed
from gateway.records.accounts import store as accounts
from gateway.records.accounts.types import Connection
from gateway.records.apps import upstreams
from gateway.records.ledger.types import Actor
from gateway.sandbox.zalo.config import OtherApp
from gateway.sandbox.zalo.seeds import BAKERY_ID
from gateway.server.checking import FIRST_AFTER_SECONDS, Checks
from gateway.terms.ids import AppId
from scopes import Budget, load_catalogue
from tests.platforms.sandbox.zalo_caller import APP_ID, APP_SECRET, OTHERS
from tests.platforms.zalo.apps import app_with
from tests.platforms.zalo.stage import PROFILE, AppCaller, Stage, zalo_stage

OPERATOR = Actor.command_line()
FIRST, SECOND = OTHERS
SECRETS = {APP_ID: APP_SECRET, **{each.app_id: each.app_secret for each in OTHERS}}


class Isv:
    """An app that brought an upstream app, and its caller."""

    def __init__(self, stage: Stage, caller: AppCaller, app_id: AppId, *, upstream: OtherApp) -> None:
        self._stage, self.caller, self.app_id, self.upstream = stage, caller, app_id, upstream

    async def link(self) -> None:
        """Let the owner link the OA under it, on Zalo's page."""
        stage = self._stage
        house, owner = stage.scene.house, stage.scene.owner.id
        async with house.storage.read() as connection:
            upstream = await upstreams.find_of(connection, self.app_id, "zalo")
        journey = await start_link(house, stage.connector, owner, return_to="/x", upstream=upstream)
        asked = dict(parse_qsl(urlsplit(journey.url).query))
        assert asked["app_id"] == self.upstream.app_id
        back = await stage.zalo.consent(BAKERY_ID, **asked)
        await finish_link(house, stage.connector, owner, raw_state=back["state"], raw_code=back["code"])

    async def remove(self) -> None:
        """Take it back."""
        await remove_upstream(self._stage.scene.house, self.app_id, "zalo", OPERATOR)


async def isv_with(stage: Stage, upstream: OtherApp, *, is_linked: bool = True) -> Isv:
    """Register an app to which the profile is granted, and let it bring an upstream app."""
    caller = await app_with(stage, "zalo.profile.read")
    facts = await stage.door.find_token(hashed(caller.token))
    assert facts is not None
    brought = Brought(facts.app_id, "zalo", upstream.app_id, upstream.app_secret)
    await bring_upstream(stage.scene.house, brought, OPERATOR)
    isv = Isv(stage, caller, facts.app_id, upstream=upstream)
    if is_linked:
        await isv.link()
    return isv


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """Yield a stage whose own app holds the gateway's connection to the OA."""
    async with zalo_stage(tmp_path) as stage:
        yield stage


def whose(arrived: Mapping[str, Mapping[str, str]]) -> str:
    """Return as which app a call arrived: whose secret its proof was made with."""
    headers = {name.lower(): value for name, value in arrived["headers"].items()}
    for app_id, secret in SECRETS.items():
        proof = hmac.new(secret.encode(), headers["access_token"].encode(), hashlib.sha256).hexdigest()
        if proof == headers["appsecret_proof"]:
            return app_id
    raise AssertionError("nobody's proof")


async def links(stage: Stage) -> dict[str, Connection]:
    """Return the OA's connections, by upstream app."""
    async with stage.scene.house.storage.read() as connection:
        own, *others = await accounts.list_connections(connection, [stage.scene.account.id])
    return {APP_ID: own, **{each.upstream_app: each for each in others}}


async def test_each_app_calls_as_its_own(stage: Stage) -> None:
    """One OA, three upstream apps: three tokens, each with the proof of its own app, whoever called before."""
    first, second = await isv_with(stage, FIRST), await isv_with(stage, SECOND)
    before = len(await stage.arrived())
    callers = (first.caller, stage.app, second.caller, first.caller)
    replies = [await each.call(PROFILE) for each in callers]
    assert [(reply.status, reply.json["error"]) for reply in replies] == [(200, 0)] * 4
    arrived = (await stage.arrived())[before:]
    assert [whose(each) for each in arrived] == [FIRST.app_id, APP_ID, SECOND.app_id, FIRST.app_id]
    assert len({each["headers"]["access_token"] for each in arrived}) == 3
    for secret in SECRETS.values():
        assert secret not in str(arrived)


async def test_nothing_arrives_before_it_is_linked(stage: Stage) -> None:
    """The gateway's own connection never serves in the place of an app's own; once linked the same token works."""
    isv = await isv_with(stage, FIRST, is_linked=False)
    before = len(await stage.zalo.received())
    refused = await isv.caller.call(PROFILE)
    assert (refused.status, refused.code) == (502, "connection_lost")
    assert len(await stage.zalo.received()) == before
    assert (await stage.app.call(PROFILE)).json["error"] == 0
    await isv.link()
    assert (await isv.caller.call(PROFILE)).json["error"] == 0
    assert whose((await stage.arrived())[-1]) == FIRST.app_id


async def test_each_is_renewed_by_its_own_app(stage: Stage) -> None:
    """A dead access token is exchanged under the app that it was given to; the others keep theirs."""
    first, second = await isv_with(stage, FIRST), await isv_with(stage, SECOND)
    before, seen = await links(stage), len(await stage.zalo.received())
    ended = {"oa_id": BAKERY_ID, "app_id": FIRST.app_id, "keeps_refresh": True}
    assert await stage.zalo.json("POST", "/_sandbox/revoke", json=ended) == {"revoked": True}
    for caller in (first.caller, second.caller, stage.app):
        assert (await caller.call(PROFILE)).json["error"] == 0
    (exchange,) = [one for one in (await stage.zalo.received())[seen:] if one["target"].startswith("/v4/")]
    assert dict(parse_qsl(exchange["body"]))["app_id"] == FIRST.app_id
    assert {name.lower(): value for name, value in exchange["headers"].items()}["secret_key"] == FIRST.app_secret
    after = await links(stage)
    assert after[FIRST.app_id].generation == before[FIRST.app_id].generation + 1
    assert (after[SECOND.app_id], after[APP_ID]) == (before[SECOND.app_id], before[APP_ID])


async def test_a_loss_is_one_apps(stage: Stage) -> None:
    """Refused a renewal, one connection is lost; the same OA under the others goes on, and linking mends that one."""
    first, second = await isv_with(stage, FIRST), await isv_with(stage, SECOND)
    await stage.zalo.json("POST", "/_sandbox/revoke", json={"oa_id": BAKERY_ID, "app_id": FIRST.app_id})
    assert (await first.caller.call(PROFILE)).code == "connection_lost"
    assert {name: each.state.value for name, each in (await links(stage)).items()} == {
        APP_ID: "live",
        FIRST.app_id: "lost",
        SECOND.app_id: "live",
    }
    for caller in (second.caller, stage.app):
        assert (await caller.call(PROFILE)).json["error"] == 0
    await first.link()
    assert (await first.caller.call(PROFILE)).json["error"] == 0
    assert whose((await stage.arrived())[-1]) == FIRST.app_id


async def test_a_call_that_was_let_in_before_a_change_does_not_go_out(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Taken back between the verdict and the first byte: nothing goes out as either app; the next call goes on."""
    isv = await isv_with(stage, FIRST)
    opened = type(stage.door.trace).open

    async def open_then_remove(*args: object) -> None:
        await opened(*args)  # type: ignore[arg-type]
        await isv.remove()

    before = len(await stage.arrived())
    with monkeypatch.context() as patched:
        patched.setattr(type(stage.door.trace), "open", open_then_remove)
        assert (await isv.caller.call(PROFILE)).code == "connection_lost"
    assert len(await stage.arrived()) == before
    assert (await isv.caller.call(PROFILE)).json["error"] == 0


async def test_a_call_on_its_way_does_not_go_out_as_another(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same where the connection was in hand already: the last check reads the upstream app once more."""
    isv = await isv_with(stage, FIRST)
    found = links_of_calls.get_link

    async def find_then_remove(*args: Any) -> Connection:
        link = await found(*args)
        await isv.remove()
        return link

    before = len(await stage.arrived())
    with monkeypatch.context() as patched:
        patched.setattr(forwarding, "get_link", find_then_remove)
        assert (await isv.caller.call(PROFILE)).code == "connection_lost"
    assert len(await stage.arrived()) == before


async def go_round(stage: Stage) -> list[str]:
    """Check every connection once; return as which apps Zalo was asked."""
    before, checks = len(await stage.arrived()), Checks({"zalo": stage.connector})
    await checks.check_next(stage.scene.house)
    stage.scene.clock.advance(timedelta(seconds=FIRST_AFTER_SECONDS))
    for _ in range(4):
        await checks.check_next(stage.scene.house)
    return sorted(whose(each) for each in (await stage.arrived())[before:])


async def test_each_is_checked_as_its_own_app(stage: Stage) -> None:
    """Going round all connections, Zalo is asked as the app whose they are; one that is over is seen, alone."""
    await isv_with(stage, FIRST)
    await isv_with(stage, SECOND)
    await stage.zalo.json("POST", "/_sandbox/revoke", json={"oa_id": BAKERY_ID, "app_id": FIRST.app_id})
    before = len(await stage.zalo.received())
    assert await go_round(stage) == sorted([APP_ID, *SECRETS])  # the scene's other account is the gateway's own too
    renewals = [one for one in (await stage.zalo.received())[before:] if one["target"].startswith("/v4/")]
    assert sorted(dict(parse_qsl(one["body"]))["app_id"] for one in renewals) == [APP_ID, FIRST.app_id]
    states = {name: each.state.value for name, each in (await links(stage)).items()}
    assert states == {APP_ID: "live", FIRST.app_id: "lost", SECOND.app_id: "live"}
    async with stage.scene.house.storage.unit() as unit:  # taken back between the two look-ups of a check
        await upstreams.remove(unit.connection, (await links(stage))[SECOND.app_id].brought_id)
        await unit.commit()
    assert await go_round(stage) == [APP_ID]


async def test_what_is_taken_back_is_gone(stage: Stage) -> None:
    """The app's calls go through the gateway's own connection again; the other app's are as they were."""
    first, second = await isv_with(stage, FIRST), await isv_with(stage, SECOND)
    await first.remove()
    assert (await first.caller.call(PROFILE)).json["error"] == 0
    assert whose((await stage.arrived())[-1]) == APP_ID
    assert FIRST.app_id not in await links(stage)
    assert (await second.caller.call(PROFILE)).json["error"] == 0
    assert whose((await stage.arrived())[-1]) == SECOND.app_id


async def test_a_limit_is_one_upstream_apps(tmp_path: Path) -> None:
    """What one uses up of its app's calls at Zalo leaves the others' as they were."""
    known = load_catalogue()
    small = replace(known.platforms["zalo"], budget=Budget(calls=8, seconds=60, per="upstream_app"))
    catalogue = replace(known, platforms={**known.platforms, "zalo": small})
    async with zalo_stage(tmp_path, catalogue=catalogue) as stage:
        first, second = await isv_with(stage, FIRST), await isv_with(stage, SECOND)
        codes = [(await first.caller.call(PROFILE)).code for _ in range(8)]
        assert codes == [None] * 7 + ["limited"]
        for caller in (second.caller, stage.app):
            reply = await caller.call(PROFILE)
            assert (reply.code, reply.headers["RateLimit"].split(";")[1]) == (None, "r=6")


async def test_the_stand_in_knows_whose_token_it_is(stage: Stage) -> None:
    """A token with another app's proof, a code that another app redeems and an app that is none are refused there."""
    await isv_with(stage, FIRST)
    await stage.app.call(PROFILE)
    token = (await stage.arrived())[-1]["headers"]["access_token"]
    forged = hmac.new(FIRST.app_secret.encode(), token.encode(), hashlib.sha256).hexdigest()
    headers = {"access_token": token, "appsecret_proof": forged}
    assert (await stage.zalo.json("GET", "/v2.0/oa/getoa", headers=headers))["error"] == -242
    code = (await stage.zalo.consent(BAKERY_ID, app_id=FIRST.app_id))["code"]
    assert (await stage.zalo.redeem(code))["error"] == -14005
    stranger = {"grant_type": "refresh_token", "refresh_token": "x", "app_id": "42"}
    assert (await stage.zalo.token(**stranger))["error"] == -14002
    unknown = {"oa_id": BAKERY_ID, "app_id": "42"}
    assert (await stage.zalo.raw("POST", "/_sandbox/revoke", json=unknown))[0] == 404
