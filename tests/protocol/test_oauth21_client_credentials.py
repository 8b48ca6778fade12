"""OAuth 2.1 section 4.2: client_credentials, for an app's own affairs, and for a person's grant-bound credential."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from gateway.acts.end_credential import end_credential
from gateway.acts.make_credential import Made, NewCredential, make_credential
from gateway.acts.pause import pause, resume
from gateway.acts.suspend import resume_app, suspend_app
from gateway.acts.withdraw import withdraw
from gateway.doors.oauth.clients import WRONG_SECRETS
from gateway.doors.oauth.credentials import EXCHANGES
from gateway.ground.vault.tokens import ACCESS, is_well_formed
from gateway.records.apps.own_tokens import OwnScope
from gateway.records.apps.types import App, GrantType
from gateway.records.families import credentials
from gateway.records.families.tables import access_tokens
from gateway.records.grants import store as grants
from gateway.records.ledger.types import Actor, ActorKind
from gateway.terms.ids import AskId, GrantId
from gateway.terms.refusal import Refusal
from tests.house import agree, fresh_parts, house_in, set_scene
from tests.protocol.proofs import KEY, OTHER, prove
from tests.protocol.wire import Reply, Wire, basic, served

BY_CLIENT = {"grant_type": "client_credentials"}
ALL_GRANTS = (GrantType.CODE, GrantType.REFRESH, GrantType.CLIENT)
DEAD = (400, "invalid_grant")


@dataclass(frozen=True, slots=True)
class Own:
    """An app that registered for its own affairs, with its credentials as a header."""

    app: App
    headers: dict[str, str]

    async def ask(self, wire: Wire, proof: dict[str, str] | None = None, /, **fields: str) -> Reply:
        """Ask for a token for its own affairs."""
        return await wire.post("/oauth/token", {**BY_CLIENT, **fields}, headers={**self.headers, **(proof or {})})


@pytest.fixture(scope="module")
async def wire(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Wire]:
    """Yield the door, served once for all tests here: each begins with a grant of its own (`made_for`)."""
    clock, entropy = fresh_parts()
    async with (
        house_in(tmp_path_factory.mktemp("house"), clock, entropy=entropy) as house,
        served(await set_scene(house, clock)) as wire,
    ):
        yield wire


@pytest.fixture(scope="module")
async def own(wire: Wire) -> Own:
    """Return such an app."""
    app, raw_secret = await wire.add_secret_app("tu-quan", grant_types=ALL_GRANTS)
    return Own(app, basic(app.id, raw_secret))


async def made_for(wire: Wire, *asks: str, name: str = "Máy tính quầy (mẫu)", app: App | None = None) -> Made:
    """Let the owner agree, to nothing that stood before, and make a credential for the grant."""
    with suppress(Refusal):
        async with wire.house.storage.read() as connection:
            before = await grants.find_between(connection, wire.scene.account.id, (app or wire.scene.app).id)
        if before is not None:
            await withdraw(wire.house, before.id, Actor.system())
    decided = await agree(wire.scene, frozenset(AskId(each) for each in asks) or None, app=app)
    return await made_again(wire, GrantId(str(decided.grant_id)), name)


async def made_again(wire: Wire, grant_id: GrantId, name: str = "Kịch bản (mẫu)") -> Made:
    """Make one more credential for a grant."""
    return await make_credential(wire.house, NewCredential(grant_id, wire.scene.owner.id, name))


async def exchange(wire: Wire, made: Made, proof: dict[str, str] | None = None, /, **fields: str) -> Reply:
    """Exchange a credential."""
    headers = basic(made.credential.id, made.raw_secret)
    return await wire.post("/oauth/token", {**BY_CLIENT, **fields}, headers={**headers, **(proof or {})})


def owner(wire: Wire) -> Actor:
    """Return the account's owner as one who acts."""
    return Actor(ActorKind.PERSON, wire.scene.owner.id)


async def test_req_028_for_confidential_apps_that_registered_it(wire: Wire, own: Own) -> None:
    """A public app, one that did not register it, and one that is public but claims to are refused."""
    claims = await wire.add_app("cong-khai", grant_types=ALL_GRANTS)
    for app in (None, wire.scene.public_app, claims):
        assert (await wire.ask_token(BY_CLIENT, app=app)).error == (400, "unauthorized_client")
    assert (await own.ask(wire)).status == 200


async def test_req_059_no_refresh_token_comes_with_it(wire: Wire, own: Own) -> None:
    """An access token of a quarter of an hour, and exactly what belongs to it."""
    reply = await own.ask(wire)
    token = reply.json["access_token"]
    assert is_well_formed(token, ACCESS)
    assert reply.json == {
        "access_token": token,
        "token_type": "Bearer",
        "expires_in": 900,
        "scope": "quyen.grants.read quyen.notices.manage quyen.notices.read",
    }
    assert reply.headers["Cache-Control"] == "no-store"


async def test_req_052_its_subject_is_the_app_in_a_space_of_its_own(wire: Wire, own: Own) -> None:
    """`sub` names no account and no person, whatever an app is called; the audience is the gateway's own."""
    token = (await own.ask(wire, scope="quyen.grants.read")).json["access_token"]
    members = (await wire.post("/oauth/introspect", {"token": token}, headers=own.headers)).json
    now = int(wire.scene.clock.now().timestamp())
    assert members == {
        "active": True,
        "scope": "quyen.grants.read",
        "client_id": own.app.id,
        "sub": f"app:{own.app.id}",
        "aud": f"{wire.door.issuer}/v1",
        "iss": wire.door.issuer,
        "iat": now,
        "exp": now + 900,
        "token_type": "Bearer",
    }
    assert not await wire.is_active(token)


async def test_req_058_its_scopes_are_the_gateways_own(wire: Wire, own: Own) -> None:
    """Order means nothing, case does; an ask's scope, an unknown name and no name at all are refused."""
    asked = await own.ask(wire, scope="quyen.notices.read quyen.grants.read quyen.notices.read")
    assert asked.json["scope"] == "quyen.grants.read quyen.notices.read"
    for scope in ("zalo.profile.read", "Quyen.grants.read", "quyen.grants.read quyen.x", " "):
        assert (await own.ask(wire, scope=scope)).error == (400, "invalid_scope")


async def test_req_121_its_target_is_the_gateway_alone(wire: Wire, own: Own) -> None:
    """`resource` may name it; a platform's API is another's, and so is anything unknown."""
    assert (await own.ask(wire, resource=wire.door.own_resource)).status == 200
    for resource in (wire.door.resource("zalo"), wire.door.issuer, "https://x.example", "v1"):
        assert (await own.ask(wire, resource=resource)).error == (400, "invalid_target")
    code = (await agree(wire.scene)).raw_code or ""
    assert (await wire.redeem(code, resource=wire.door.own_resource)).error == (400, "invalid_target")


async def test_req_107_110_it_is_bound_to_a_key_where_asked(wire: Wire, own: Own) -> None:
    """With a proof it is bound; an app that gets no bearer tokens gets none here."""
    proven = await own.ask(wire, await prove(wire))
    assert proven.json["token_type"] == "DPoP"
    fields = {"token": proven.json["access_token"]}
    members = (await wire.post("/oauth/introspect", fields, headers=own.headers)).json
    assert members["cnf"] == {"jkt": KEY.thumbprint()}
    app, raw_secret = await wire.add_secret_app("gan-khoa", grant_types=ALL_GRANTS, binds_tokens=True)
    bound = Own(app, basic(app.id, raw_secret))
    assert (await bound.ask(wire)).error == (400, "invalid_dpop_proof")
    assert (await bound.ask(wire, await prove(wire, key=OTHER))).json["token_type"] == "DPoP"


async def test_req_074_078_an_own_token_is_given_back_by_its_app_alone(wire: Wire, own: Own) -> None:
    """Another app's wish changes nothing, the app's own ends it, twice is as good as once."""
    token = (await own.ask(wire)).json["access_token"]

    async def is_active() -> bool:
        members = (await wire.post("/oauth/introspect", {"token": token}, headers=own.headers)).json
        assert members["active"] or members == {"active": False}
        return bool(members["active"])

    assert (await wire.post("/oauth/revoke", {"token": token}, headers=wire.basic)).status == 200
    assert await is_active()
    for _ in range(2):
        assert (await wire.post("/oauth/revoke", {"token": token}, headers=own.headers)).status == 200
        assert not await is_active()


async def test_req_084_an_own_token_ends_by_time_and_sleeps_with_its_app(wire: Wire, own: Own) -> None:
    """Inactive while the app is suspended, which gets no new one either; over after its quarter of an hour."""
    token = (await own.ask(wire)).json["access_token"]
    await suspend_app(wire.house, own.app.id, Actor.system(), reason="thử (mẫu)")
    assert (await own.ask(wire)).error == (400, "unauthorized_client")
    fields = {"token": token}
    assert (await wire.post("/oauth/introspect", fields, headers=own.headers)).json == {"active": False}
    await resume_app(wire.house, own.app.id, Actor.system())
    assert (await wire.post("/oauth/introspect", fields, headers=own.headers)).json["active"]
    wire.scene.clock.advance(900)
    assert (await wire.post("/oauth/introspect", fields, headers=own.headers)).json == {"active": False}


async def test_an_app_asks_for_own_tokens_up_to_a_bound(wire: Wire) -> None:
    """Beyond it 429 says when."""
    app, raw_secret = await wire.add_secret_app("hoi-nhieu", grant_types=ALL_GRANTS)
    own = Own(app, basic(app.id, raw_secret))
    for _ in range(EXCHANGES.times):
        await wire.door.limits.count(f"exchange {own.app.id}", EXCHANGES)
    closed = await own.ask(wire)
    assert closed.error == (429, "temporarily_unavailable")
    wire.scene.clock.advance(int(closed.headers["Retry-After"]))
    assert (await own.ask(wire)).status == 200


async def test_a_credential_gives_a_short_token_of_its_grant(wire: Wire) -> None:
    """The answer is that of a code, without a refresh token although the app may refresh."""
    made = await made_for(wire, "oa_profile", "crm_phone")
    members = (await exchange(wire, made)).json
    assert members["scope"] == "zalo.profile.read zalo.follower.phone.read"
    assert (members["grant_id"], members["expires_in"]) == (made.credential.grant_id, 900)
    assert "refresh_token" not in members
    introspected = await wire.introspect(members["access_token"])
    assert (introspected["client_id"], introspected["sub"]) == (wire.scene.app.id, wire.scene.account.id)
    by_body = {"client_id": made.credential.id, "client_secret": made.raw_secret}
    assert (await wire.post("/oauth/token", {**BY_CLIENT, **by_body})).status == 200


async def test_a_credential_of_a_public_apps_grant_works_too(wire: Wire) -> None:
    """The secret is the person's, not the app's: it does not matter what kind the app is."""
    made = await made_for(wire, app=wire.scene.public_app)
    assert (await exchange(wire, made)).json["grant_id"] == made.credential.grant_id


async def test_a_connection_key_is_of_no_use_from_elsewhere(wire: Wire) -> None:
    """It stands for a grant of an app that named its networks; those hold for it too."""
    rows = (("oa_profile", "zalo.profile.read", "crm", False),)
    for name, addresses, status in (("may-xa", ("203.0.113.7/32",), 401), ("may-gan", ("127.0.0.1/32",), 200)):
        app, _ = await wire.add_secret_app(name, rows, addresses=addresses)
        assert (await exchange(wire, await made_for(wire, "oa_profile", app=app))).status == status


async def test_req_009_063_a_wrong_secret_and_an_unknown_credential_look_alike(wire: Wire) -> None:
    """One answer, ten tries for each address, then 429 to the right secret too; another credential goes on."""
    made = await made_for(wire)
    other = await made_again(wire, made.credential.grant_id)
    wrong = await wire.post("/oauth/token", BY_CLIENT, headers=basic(made.credential.id, "qcs_wrong"))
    unknown = await wire.post("/oauth/token", BY_CLIENT, headers=basic(f"gc_{'0' * 22}", "qcs_wrong"))
    assert (wrong.error, wrong.body) == ((401, "invalid_client"), unknown.body)
    assert wrong.headers["WWW-Authenticate"].startswith("Basic ")
    for _ in range(WRONG_SECRETS.times - 1):
        reply = await wire.post(
            "/oauth/token", {**BY_CLIENT, "client_id": made.credential.id, "client_secret": "qcs_x"}
        )
        assert reply.error == (401, "invalid_client")
    assert (await exchange(wire, made)).error == (429, "temporarily_unavailable")
    assert (await exchange(wire, other)).status == 200


async def test_req_062_a_credential_knows_one_grant_type(wire: Wire) -> None:
    """Everything else is refused, and nothing but the token endpoint knows it as a client."""
    made = await made_for(wire)
    headers = basic(made.credential.id, made.raw_secret)
    for grant_type in ("authorization_code", "refresh_token", "password"):
        reply = await wire.post("/oauth/token", {"grant_type": grant_type}, headers=headers)
        assert reply.error == (400, "unauthorized_client")
    assert (await wire.post("/oauth/token", {}, headers=headers)).error == (400, "invalid_request")
    token = (await exchange(wire, made)).json["access_token"]
    for path in ("/oauth/introspect", "/oauth/revoke", "/oauth/par"):
        assert (await wire.post(path, {"token": token}, headers=headers)).error == (401, "invalid_client")
    assert await wire.is_active(token)


async def test_req_029_061_a_credentials_scope_narrows_and_never_widens(wire: Wire) -> None:
    """`scope` may ask for less this once; more than the credential reaches is refused, later grants too."""
    made = await made_for(wire, "oa_profile", "crm_phone")
    await agree(wire.scene, frozenset({AskId("crm_name")}), asked_for=frozenset({AskId("crm_name")}))
    less = (await exchange(wire, made, scope="zalo.follower.phone.read")).json
    assert less["scope"] == "zalo.follower.phone.read"
    assert (await wire.introspect(less["access_token"]))["scope"] == less["scope"]
    assert (await exchange(wire, made)).json["scope"] == "zalo.profile.read zalo.follower.phone.read"
    for scope in ("zalo.follower.name.read", "zalo.unknown", OwnScope.GRANTS_READ.value):
        assert (await exchange(wire, made, scope=scope)).error == (400, "invalid_scope")


async def test_req_119_a_credentials_target_is_its_grants_platform(wire: Wire) -> None:
    """`resource` may name the platform's API; another one, or the gateway's own affairs, is refused."""
    made = await made_for(wire)
    assert (await exchange(wire, made, resource=wire.door.resource("zalo"))).status == 200
    for resource in (wire.door.resource("matrix"), wire.door.own_resource):
        assert (await exchange(wire, made, resource=resource)).error == (400, "invalid_target")


async def test_req_107_110_a_credentials_token_is_bound_where_asked(wire: Wire) -> None:
    """A proof binds it; under an app that gets no bearer tokens a credential gets none."""
    made = await made_for(wire)
    bound = (await exchange(wire, made, await prove(wire))).json
    assert bound["token_type"] == "DPoP"
    assert (await wire.introspect(bound["access_token"]))["cnf"] == {"jkt": KEY.thumbprint()}
    app = await wire.add_app("gan-khoa-2", binds_tokens=True)
    await wire.agree_to(app, ["oa_profile"])
    async with wire.house.storage.read() as connection:
        grant = await grants.find_between(connection, wire.scene.account.id, app.id)
    assert grant is not None
    strict = await made_again(wire, grant.id)
    assert (await exchange(wire, strict)).error == (400, "invalid_dpop_proof")
    assert (await exchange(wire, strict, await prove(wire))).json["token_type"] == "DPoP"


async def test_an_ended_credential_takes_its_tokens_along(wire: Wire) -> None:
    """From the moment the act returned neither it nor what came of it opens anything; others of the grant live."""
    made = await made_for(wire)
    other = await made_again(wire, made.credential.grant_id)
    token, kept = [(await exchange(wire, each)).json["access_token"] for each in (made, other)]
    await end_credential(wire.house, made.credential.grant_id, made.credential.id, owner(wire))
    assert not await wire.is_active(token)
    assert (await exchange(wire, made)).error == DEAD
    assert await wire.is_active(kept)
    assert (await exchange(wire, other)).status == 200


async def test_a_credential_dies_with_its_grant_and_stays_dead(wire: Wire) -> None:
    """Withdrawing everything ends it; agreeing again revives nothing."""
    made = await made_for(wire)
    token = (await exchange(wire, made)).json["access_token"]
    await withdraw(wire.house, made.credential.grant_id, owner(wire))
    assert (await exchange(wire, made)).error == DEAD
    await agree(wire.scene)
    assert (await exchange(wire, made)).error == DEAD
    assert not await wire.is_active(token)


async def test_a_credential_ends_with_its_grants_time(wire: Wire) -> None:
    """No token outlives what is granted, and after that there is none."""
    made = await made_for(wire)
    wire.scene.clock.advance(timedelta(days=30, minutes=-5))
    assert (await exchange(wire, made)).json["expires_in"] == 300
    wire.scene.clock.advance(300)
    assert (await exchange(wire, made)).error == DEAD


async def test_a_pause_suspends_a_credential(wire: Wire) -> None:
    """It lists what lives, and its tokens open that alone; while all is paused, nothing; shared again it goes on."""
    made = await made_for(wire, "oa_profile", "crm_phone")
    token = (await exchange(wire, made)).json["access_token"]
    await pause(wire.house, made.credential.grant_id, owner(wire), ask_ids=[AskId("crm_phone")])
    assert (await wire.introspect(token))["scope"] == "zalo.profile.read"
    assert (await exchange(wire, made)).json["scope"] == "zalo.profile.read"
    await pause(wire.house, made.credential.grant_id, owner(wire))
    idle = (await exchange(wire, made)).json
    assert (idle["scope"], idle["authorization_details"]) == ("", [])
    assert not await wire.is_active(token)
    assert not await wire.is_active(idle["access_token"])
    await resume(wire.house, made.credential.grant_id, owner(wire))
    assert (await exchange(wire, made)).json["scope"] == "zalo.profile.read zalo.follower.phone.read"
    assert await wire.is_active(token)
    assert await wire.is_active(idle["access_token"])


async def test_a_suspended_apps_credentials_give_nothing(wire: Wire) -> None:
    """An operator's hold is on every way into the app's grants."""
    made = await made_for(wire)
    await suspend_app(wire.house, wire.scene.app.id, Actor.system(), reason="thử (mẫu)")
    assert (await exchange(wire, made)).error == DEAD
    await resume_app(wire.house, wire.scene.app.id, Actor.system())
    assert (await exchange(wire, made)).status == 200


async def test_a_credential_notes_its_use_and_keeps_no_old_tokens(wire: Wire) -> None:
    """The owner sees when it was last exchanged; tokens whose time is over leave the table."""
    made = await made_for(wire)
    token = (await exchange(wire, made)).json["access_token"]
    used_at = wire.scene.clock.now()
    async with wire.house.storage.read() as connection:
        found = await credentials.find(connection, made.credential.id)
    assert found is not None
    assert found.last_used_at == used_at
    wire.scene.clock.advance(900)
    await exchange(wire, made)
    async with wire.house.storage.read() as connection:
        kept = select(func.count()).where(access_tokens.c.family_id == made.credential.family_id)
        assert (await connection.execute(kept)).scalar_one() == 1
    assert not await wire.is_active(token)


async def test_many_exchanges_of_one_credential_at_once(wire: Wire) -> None:
    """Each gets a token of its own: nothing is spent by using it."""
    made = await made_for(wire)
    replies = await asyncio.gather(*(exchange(wire, made) for _ in range(8)))
    assert {reply.status for reply in replies} == {200}
    assert len({reply.json["access_token"] for reply in replies}) == 8


async def test_a_credential_is_exchanged_up_to_a_bound(wire: Wire) -> None:
    """A client that asks before each call is bounded before it fills the table."""
    made = await made_for(wire)
    for _ in range(EXCHANGES.times):
        await wire.door.limits.count(f"exchange {made.credential.id}", EXCHANGES)
    closed = await exchange(wire, made)
    assert closed.error == (429, "temporarily_unavailable")
    assert int(closed.headers["Retry-After"]) >= 1
