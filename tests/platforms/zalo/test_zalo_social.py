"""A person's own Zalo account: linked by them, read by an app as far as they agreed, judged by what reached Zalo."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest

from gateway.acts.link import finish_link, start_link
from gateway.acts.pause import pause
from gateway.acts.renew import check_connection
from gateway.doors.calls.server import build_calls
from gateway.doors.calls.upstream import open_session
from gateway.platforms import Connector, Credential, Profile, Trouble
from gateway.platforms.zalo.connector import ZaloConnector, ZaloUpstream
from gateway.platforms.zalo.social import ZaloSocialConnector
from gateway.platforms.zalo.wire import proof_of
from gateway.records.accounts import store as accounts
from gateway.records.accounts.types import ConnectionState
from gateway.records.apps.tables import apps
from gateway.records.grants import store as grants
from gateway.records.ledger.types import Actor, ActorKind
from gateway.records.trace.types import Outcome
from gateway.server.platforms import list_connectors
from gateway.terms.refusal import Refusal, Unavailable
from tests.house import PUBLIC_URL, settings_for
from tests.platforms.sandbox.zalo_caller import APP_ID, APP_SECRET, CALLBACK
from tests.platforms.zalo.apps import app_with
from tests.platforms.zalo.lying import answering, lying
from tests.platforms.zalo.social_stage import (
    ID,
    ME,
    MINOR,
    NAME,
    OWN_CALLBACK,
    PERSON,
    SocialStage,
    agree_at_zalo,
    link_own,
    read_headers,
    social_stage,
)
from tests.platforms.zalo.stage import AppCaller, CallsServer, door_of
from tests.stand_ins.clock import ManualClock

HELD = Credential("a" * 20, "r" * 20, None)
OF_AN_OA = ("/zalo/v2.0/oa/getoa", "/zalo/v3.0/oa/user/getlist")
WHOLE = {
    "error": 0,
    "message": "Success",
    "id": PERSON.id_by_app,
    "name": PERSON.display_name,
    "picture": {"data": {"url": PERSON.avatar(240)}},
}


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[SocialStage]:
    """Yield the stage of a grown-up."""
    async with social_stage(tmp_path) as stage:
        yield stage


@pytest.fixture(scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[SocialStage]:
    """Yield a stage that tests leave as they found it."""
    async with social_stage(tmp_path_factory.mktemp("social")) as stage:
        yield stage


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """Yield a session as the gateway opens it."""
    async with open_session(4) as session:
        yield session


def connector_to(url: str, http: aiohttp.ClientSession, clock: ManualClock) -> ZaloSocialConnector:
    """Return a connector whose two hosts are one."""
    return ZaloSocialConnector(ZaloUpstream(url, url, APP_ID, APP_SECRET, OWN_CALLBACK), http, clock=clock)


async def test_linking_proves_that_it_is_oneself(stage: SocialStage) -> None:
    """Account and standing are the person's own; the name is what Zalo says."""
    account, owner = stage.scene.account, stage.scene.owner.id
    assert (account.platform, account.external_id, account.name, account.parent_id) == (
        "zalosocial",
        PERSON.id_by_app,
        PERSON.display_name,
        None,
    )
    async with stage.scene.house.storage.read() as connection:
        standing = await accounts.find_standing(connection, account.id, owner, stage.scene.clock.now())
    assert standing is not None
    assert (standing.role, standing.proven_how) == ("self", "zalosocial_link")


async def test_the_app_reads_what_was_agreed_to(stage: SocialStage) -> None:
    """Id, name and picture; upstream goes the account's token with the proof, and nothing of the app's."""
    reply = await stage.me()
    assert (reply.status, reply.json) == (200, WHOLE)
    (arrived,) = (await stage.arrived())[-1:]
    headers = read_headers(arrived)
    assert arrived["target"] == "/v2.0/me?fields=id%2Cname%2Cpicture"
    assert headers["appsecret_proof"] == proof_of(APP_SECRET, headers["access_token"])
    assert stage.app.token not in str(arrived)
    assert "authorization" not in headers
    (line, *_) = await stage.list_lines()
    assert (line.line.platform, line.line.route, line.ending and line.ending.outcome) == (
        "zalosocial",
        "me",
        Outcome.PASSED,
    )


async def test_the_id_alone_opens_no_name(stage: SocialStage) -> None:
    """An app with the id's scope gets the id, whatever it asks for; what is withheld is counted by declaration."""
    reply = await stage.me(await app_with(stage, ID))
    assert reply.json == {"error": 0, "message": "Success", "id": PERSON.id_by_app}
    assert reply.headers["Quyen-Withheld"] == '2; reasons="scope"'
    reply = await stage.me(await app_with(stage, NAME), ME.replace("id,name,picture", "name"))
    assert reply.json == {"error": 0, "message": "Success", "id": PERSON.id_by_app, "name": PERSON.display_name}


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?fields=",
        "?fields=birthday",
        "?fields=id,gender",
        "?fields=is_sensitive",
        "?fields=id%2Cname%2Cpicture%2Cid",
        "?fields=id&fields=name",
        "?fields=id&access=x",
        "?Fields=id",
        "?fields=id,%20name",
        "?data=%7B%7D",
        "?fields=id&appsecret_proof=x",
    ],
)
async def test_other_fields_are_not_asked_for(shared: SocialStage, query: str) -> None:
    """What no scope is about, what stands twice or in another form: refused before anything goes out."""
    before = len(await shared.arrived())
    reply = await shared.me(target=f"/zalosocial/v2.0/me{query}")
    assert (reply.status, reply.code) == (400, "bad_target")
    assert len(await shared.arrived()) == before


@pytest.mark.parametrize(
    "path,code",
    [
        ("/v2.0/me/friends", "denied_route"),
        ("/v2.0/me/info", "denied_route"),
        ("/v2.0/me/", "unknown_route"),
        ("/v2.0/oa/getoa", "unknown_route"),
        ("/v2.0/1234567", "unknown_route"),
    ],
)
async def test_there_is_no_other_route(shared: SocialStage, path: str, code: str) -> None:
    """Neither the lists that Zalo removed, nor anything of an Official Account, nor anybody else."""
    before = len(await shared.arrived())
    assert (await shared.me(target=f"/zalosocial{path}")).code == code
    assert len(await shared.arrived()) == before


async def test_a_minor_keeps_name_and_picture(tmp_path: Path) -> None:
    """Whom Zalo calls under age is an id and nothing else; whether that was so the app is not told (I10)."""
    async with social_stage(tmp_path, MINOR) as stage:
        reply = await stage.me()
        assert reply.json == {"error": 0, "message": "Success", "id": MINOR.id_by_app}
        withheld = reply.headers["Quyen-Withheld"]
    async with social_stage(tmp_path / "grown-up") as stage:
        assert (await stage.me()).headers["Quyen-Withheld"] == withheld


async def test_who_is_not_said_to_be_grown_up_counts_as_a_minor(stage: SocialStage) -> None:
    """Where Zalo is silent on the age nobody knows, so that nothing passes but the id."""
    await stage.zalo.switch(social_marks=False)
    assert (await stage.me()).json == {"error": 0, "message": "Success", "id": PERSON.id_by_app}


@pytest.mark.parametrize(
    "changed, passes",
    [
        ({}, True),
        ({"is_sensitive": True}, False),
        ({"is_sensitive": None}, False),
        ({"is_sensitive": 0}, False),
        ({"is_sensitive": "false"}, False),
        ({"id": "9"}, False),
        ({"id": None}, False),
        ({"name": {"x": 1}}, None),
        ({"picture": "https://x.example"}, None),
        ({"birthday": "15/06/1990", "gender": "male", "phone": "84000000101", "friends": [1]}, True),
        ({"error": None}, None),
    ],
)
async def test_what_zalo_answers_is_held_to_the_declaration(
    shared: SocialStage, monkeypatch: pytest.MonkeyPatch, *, changed: dict[str, Any], passes: bool | None
) -> None:
    """Only a plain no to the age, only the account's own id; birthday and whatever else comes never pass."""
    answer = {**WHOLE, "is_sensitive": False, **changed}
    async with lying(answering(json.dumps(answer).encode())) as liar:
        monkeypatch.setattr(shared.connector, "base_url", liar.url)
        reply = await shared.me()
    if passes is None:
        assert (reply.status, reply.code) == (502, "upstream_malformed")
    else:
        kept = WHOLE if passes else {"error": 0, "message": "Success"}
        assert reply.json == {**kept, "id": answer["id"]}


async def test_a_dead_token_is_renewed_once(stage: SocialStage) -> None:
    """452 is the token: exchanged once, without a verifier, and the call goes out again; the person notices nothing."""
    await stage.zalo.json("POST", "/_sandbox/revoke_person", json={"id": PERSON.id_by_app, "keeps_refresh": True})
    assert (await stage.me()).json == WHOLE
    assert (await stage.get_link()).generation == 2
    renewals = [one for one in await stage.zalo.received() if one["target"] == "/v4/access_token"]
    assert "grant_type=refresh_token" in renewals[-1]["body"]
    assert "code_verifier" not in renewals[-1]["body"]


async def test_after_an_hour_the_next_call_renews(stage: SocialStage) -> None:
    """A Social token lives an hour, its refresh token thirty days from the linking; then the person links anew."""
    stage.scene.clock.advance(timedelta(minutes=14))
    assert (await stage.me()).json == WHOLE
    link = await stage.get_link()
    stage.scene.clock.advance(timedelta(hours=2))
    await check_connection(stage.scene.house, stage.connector, link)
    assert (await stage.get_link()).generation == 2
    stage.scene.clock.advance(timedelta(days=30))
    await check_connection(stage.scene.house, stage.connector, await stage.get_link())
    assert (await stage.get_link()).state is ConnectionState.LOST
    await link_own(stage.scene, stage.zalo, stage.connector, PERSON)
    assert (await stage.get_link()).state is ConnectionState.LIVE


async def test_who_takes_it_back_at_zalo_is_seen(stage: SocialStage) -> None:
    """A refused renewal ends the connection: the call says so, and nothing more goes out until it is linked again."""
    await stage.zalo.json("POST", "/_sandbox/revoke_person", json={"id": PERSON.id_by_app})
    assert (await stage.me()).code == "connection_lost"
    before = len(await stage.arrived())
    assert (await stage.me()).code == "connection_lost"
    assert len(await stage.arrived()) == before
    assert (await stage.get_link()).state is ConnectionState.LOST


@pytest.mark.parametrize("code", [110, 210])
async def test_a_person_who_is_not_visible_any_more_is_a_loss(stage: SocialStage, code: int) -> None:
    """What no fresh token mends; found by a check too, without a call."""
    await stage.zalo.switch(social_refuse=code)
    await check_connection(stage.scene.house, stage.connector, await stage.get_link())
    link = await stage.get_link()
    assert (link.state, link.lost_reason) == (ConnectionState.LOST, Trouble.PERMISSION_LOST)
    await stage.zalo.switch()
    await link_own(stage.scene, stage.zalo, stage.connector, PERSON)
    await stage.zalo.switch(social_refuse=code)
    assert (await stage.me()).code == "connection_lost"
    assert (await stage.get_link()).lost_reason == Trouble.PERMISSION_LOST


@pytest.mark.parametrize("code", [112, 12000, 12012])
async def test_other_errors_are_zalos_own_words(stage: SocialStage, code: int) -> None:
    """They pass, without anything else, and end nothing; a limit is no promise of what is left."""
    await stage.zalo.switch(social_refuse=code)
    reply = await stage.me()
    assert (reply.status, reply.json["error"], sorted(reply.json)) == (200, code, ["error", "message"])
    assert ("RateLimit" in reply.headers) == (code == 112)
    assert (await stage.get_link()).state is ConnectionState.LIVE
    await check_connection(stage.scene.house, stage.connector, await stage.get_link())
    assert (await stage.get_link()).state is ConnectionState.LIVE


async def test_twenty_calls_a_minute_for_one_person(stage: SocialStage) -> None:
    """The platform's limit is kept before it refuses."""
    codes = [(await stage.me()).code for _ in range(20)]
    assert (codes[0], codes[-1]) == (None, "limited")
    stage.scene.clock.advance(timedelta(seconds=61))
    assert (await stage.me()).code is None


async def test_clients_of_zalo_hear_its_words(stage: SocialStage) -> None:
    """The token stands where Zalo's clients put it, and the Social API's own codes answer it, all of them at 200."""
    held = {"access_token": stage.app.token}
    assert (await stage.app.call(ME, headers=held)).json == WHOLE
    odd = await stage.app.call(ME.replace("id,name,picture", "birthday"), headers=held)
    nobody = await stage.app.call(ME, headers={"access_token": "qat_wrong"})
    async with stage.scene.house.storage.read() as connection:
        (grant,) = await grants.list_of_accounts(connection, [stage.scene.account.id])
    await pause(stage.scene.house, grant.id, Actor(ActorKind.PERSON, stage.scene.owner.id))
    paused = await stage.app.call(ME, headers=held)
    told = [(each.status, each.json["error"], each.code) for each in (odd, nobody, paused)]
    assert told == [(200, -201, "bad_target"), (200, 452, "invalid_token"), (200, 210, "paused")]
    assert "WWW-Authenticate" not in paused.headers
    plain = await stage.me()
    assert (plain.status, plain.code) == (403, "paused")


async def test_the_header_is_for_apps_of_the_dialect(stage: SocialStage) -> None:
    """One that is registered for no dialect is no client of Zalo's; two credentials are one too many."""
    async with stage.scene.house.storage.unit() as unit:
        await unit.connection.execute(apps.update().values(dialect=None))
        await unit.commit()
    held = {"access_token": stage.app.token}
    assert (await stage.app.call(ME, headers=held)).code == "invalid_token"
    assert (await stage.me()).json == WHOLE
    both = await stage.app.call(ME, headers={**held, "Authorization": f"Bearer {stage.app.token}"})
    assert both.code == "two_credentials"


async def test_whose_account_it_is_says_zalo(stage: SocialStage) -> None:
    """Another person's consent is another's account; a code with another verifier, and a foreign return, link none."""
    other = await link_own(stage.scene, stage.zalo, stage.connector, MINOR)
    assert (other.external_id, other.id == stage.scene.account.id) == (MINOR.id_by_app, False)
    house, owner = stage.scene.house, stage.scene.owner.id
    first, second = [await start_link(house, stage.connector, owner, return_to="/x") for _ in range(2)]
    stolen = await agree_at_zalo(stage.zalo, PERSON, first.url)
    mine = await agree_at_zalo(stage.zalo, PERSON, second.url)
    for person_id, state, reason in (
        (stage.scene.other_owner.id, stolen["state"], "link_state"),
        (owner, mine["state"], "platform_refused"),
    ):
        with pytest.raises(Refusal, match=reason):
            await finish_link(house, stage.connector, person_id, raw_state=state, raw_code=stolen["code"])


async def test_a_token_is_of_one_platform(stage: SocialStage) -> None:
    """What a person agreed to for themself opens nothing of an Official Account, nor the other way round."""
    upstream = ZaloUpstream(stage.zalo.base, stage.zalo.base, APP_ID, APP_SECRET, CALLBACK)
    async with open_session(2) as session:
        both: dict[str, Connector] = {"zalosocial": stage.connector}
        both["zalo"] = ZaloConnector(upstream, session, clock=stage.scene.clock)
        async with CallsServer(build_calls(door_of(stage.scene.house, both))) as gateway:
            base = str(gateway.make_url("")).rstrip("/")
            app = AppCaller(stage.app._http, base, token=stage.app.token)
            before = len(await stage.zalo.received())
            for headers in ({"Authorization": f"Bearer {app.token}"}, {"access_token": app.token}):
                told = [(await app.call(target, headers=headers)).code for target in OF_AN_OA]
                assert told == ["invalid_token"] * len(OF_AN_OA)
            assert len(await stage.zalo.received()) == before
            assert (await app.call(ME)).json == WHOLE


async def test_our_own_wrong_secret_ends_nobodys_connection(stage: SocialStage, http: aiohttp.ClientSession) -> None:
    """A wrong proof reads as a dead token at worst, and the exchange says that it is the secret: nothing is lost."""
    await stage.zalo.switch(social_proof_error=452)
    wrong = ZaloUpstream(stage.zalo.base, stage.zalo.base, APP_ID, "another-secret", OWN_CALLBACK)
    connector = ZaloSocialConnector(wrong, http, clock=stage.scene.clock)
    await check_connection(stage.scene.house, connector, await stage.get_link())
    assert (await stage.get_link()).state is ConnectionState.LIVE
    assert (await stage.me()).json == WHOLE


async def test_a_next_consent_may_end_the_one_before(stage: SocialStage) -> None:
    """No source says whether a sign-in at Zalo ends the tokens of the link: if so, the link is lost and mended."""
    await stage.zalo.switch(social_pairs="one")
    form = {"app_id": APP_ID, "redirect_uri": OWN_CALLBACK, "person": PERSON.id_by_app, "allow": "1"}
    _, headers, _ = await stage.zalo.raw("POST", "/v4/permission", data=form)
    code = headers["Location"].partition("code=")[2].partition("&")[0]
    traded = {"app_id": APP_ID, "grant_type": "authorization_code", "code": code}
    await stage.zalo.json("POST", "/v4/access_token", headers={"secret_key": APP_SECRET}, data=traded)
    assert (await stage.me()).code == "connection_lost"
    await stage.zalo.switch(social_pairs="each")
    await link_own(stage.scene, stage.zalo, stage.connector, PERSON)
    assert (await stage.me()).json == WHOLE
    _, headers, _ = await stage.zalo.raw("POST", "/v4/permission", data=form)
    code = headers["Location"].partition("code=")[2].partition("&")[0]
    await stage.zalo.json("POST", "/v4/access_token", headers={"secret_key": APP_SECRET}, data={**traded, "code": code})
    assert (await stage.me()).json == WHOLE


@pytest.mark.parametrize(
    "answer",
    [
        {"error": 0},
        {"error": 0, "id": 5},
        {"error": 0, "id": "0"},
        {"error": 0, "id": "1/2"},
        {"error": 0, "id": "1", "name": 5},
        {"error": -32, "id": "1"},
        {"error": 12001},
    ],
)
async def test_who_says_nothing_certain_is_nobody(
    clock: ManualClock, http: aiohttp.ClientSession, answer: dict[str, Any]
) -> None:
    """No id, an odd one, or a limit: no answer, and nobody is linked by it."""
    async with lying(answering(json.dumps(answer).encode())) as liar:
        connector = connector_to(liar.url, http, clock)
        with pytest.raises(Unavailable, match="zalosocial"):
            await connector.describe(HELD)


async def test_a_name_that_is_not_there_is_none(clock: ManualClock, http: aiohttp.ClientSession) -> None:
    """The id is what counts."""
    async with lying(answering(b'{"id":"12"}')) as liar:
        connector = connector_to(liar.url, http, clock)
        assert await connector.describe(HELD) == Profile("12", "", "self", is_of_age=False)
        with pytest.raises(Refusal, match="platform_refused"):
            await connector.log_in({})


@pytest.mark.parametrize(
    "body, trouble, is_refusal",
    [
        (b'{"error":452}', Trouble.CREDENTIAL_REFUSED, True),
        (b'{"error":"452","message":"x"}', Trouble.CREDENTIAL_REFUSED, True),
        (b'{"error":210}', Trouble.PERMISSION_LOST, True),
        (b'{"error":-32}', Trouble.LIMITED, True),
        (b'{"error":12007}', Trouble.LIMITED, True),
        (b'{"error":12013}', None, True),
        (b'{"error":100}', None, True),
        (b'{"error":0,"id":"452"}', None, False),
        (b'{"id":"452"}', None, False),
        (b"[452]", None, False),
        (b"452 <html>", None, False),
        (b'{"error":{"x":452}}', None, True),
    ],
)
async def test_what_an_answer_means(
    clock: ManualClock, http: aiohttp.ClientSession, *, body: bytes, trouble: Trouble | None, is_refusal: bool
) -> None:
    """By `error` alone."""
    connector = connector_to("http://127.0.0.1:9", http, clock)
    assert connector.read_trouble(200, body) is trouble
    assert connector.is_refusal(200, body) is is_refusal


async def test_it_is_there_where_the_settings_ask_for_it(
    tmp_path: Path, clock: ManualClock, http: aiohttp.ClientSession
) -> None:
    """With the Social API's address, as the app of `ZALO`, at a callback of its own; without it it is absent."""
    zalo = {"base_url": "https://oa.example", "oauth_url": "https://auth.example", "app_id": "7", "app_secret": "s"}
    asked = {**zalo, "graph_url": "https://graph.example"}
    with_it, without = [
        list_connectors(settings_for(tmp_path, platform={"zalo": each}), http, clock) for each in (asked, zalo)
    ]
    assert (sorted(with_it), sorted(without)) == (["zalo", "zalosocial"], ["zalo"])
    own, oa = with_it["zalosocial"], with_it["zalo"]
    assert (own.base_url, oa.base_url) == ("https://graph.example", "https://oa.example")
    assert (own.link_url("s", "c") or "").startswith("https://auth.example/v4/permission?app_id=7&")
    assert quote(f"{PUBLIC_URL}/connections/zalosocial/callback", safe="") in (own.link_url("s", "c") or "")
    assert (oa.link_url("s", "c") or "").startswith("https://auth.example/v4/oa/permission?app_id=7&")
