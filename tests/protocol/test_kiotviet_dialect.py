"""KiotViet's token endpoint, spoken to the gateway: its form and its answer, on a person's grant-bound credential."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from gateway.acts.make_credential import NewCredential, make_credential
from gateway.acts.pause import pause
from gateway.acts.withdraw import withdraw
from gateway.doors.oauth.clients import WRONG_SECRETS
from gateway.ground.vault.tokens import ACCESS, is_well_formed
from gateway.records.apps.types import App, GrantType
from gateway.records.grants import store as grants
from gateway.records.ledger.types import Actor, ActorKind
from gateway.terms.ids import GrantId
from tests.house import fresh_parts, house_in, link_account, set_scene
from tests.protocol.connection_keys import make_key
from tests.protocol.proofs import prove
from tests.protocol.wire import PLATFORMS, Reply, Wire, basic, served

TOKEN = "/dialect/kiotviet/connect/token"
SCOPES = ("kiotviet.shop.read", "kiotviet.customer.read")
ASKS = tuple((scope.replace(".", "_"), scope, "crm", False) for scope in SCOPES)
FIXED = {"scopes": "PublicApi.Access", "grant_type": "client_credentials"}


@pytest.fixture(scope="module")
async def wire(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Wire]:
    """Yield the door, served once, whose account is a KiotViet shop: each test makes an app and a key of its own."""
    clock, entropy = fresh_parts()
    async with house_in(tmp_path_factory.mktemp("house"), clock, entropy=entropy) as house:
        scene = await set_scene(house, clock)
        shop = await link_account(house, scene.owner.id, external_id="tiem-banh-mau", platform="kiotviet")
        async with served(replace(scene, account=shop), platforms={**PLATFORMS, "kiotviet": SCOPES}) as wire:
            yield wire


@pytest.fixture(scope="module")
async def shared(wire: Wire) -> "Client":
    """Return a client that several tests use and none spoils."""
    return await client_for(wire, "chung")


@dataclass(frozen=True, slots=True)
class Client:
    """A client of KiotViet's that was given a connection key, the app that it belongs to, and the key's grant."""

    wire: Wire
    app: App
    raw_secret: str
    grant_id: GrantId
    form: Mapping[str, str]

    async def exchange(self, headers: Mapping[str, str] | None = None, /, **changes: str | None) -> Reply:
        """Post what KiotViet documents (facts B1) with some parameters changed (None: left out)."""
        sent = {name: value for name, value in {**self.form, **changes}.items() if value is not None}
        return await self.wire.post(TOKEN, sent, headers=headers)

    async def what_opens(self, token: str) -> str | None:
        """Return the scopes that a token opens; None for one that is dead."""
        headers = basic(self.app.id, self.raw_secret)
        found = (await self.wire.post("/oauth/introspect", {"token": token}, headers=headers)).json
        return found["scope"] if found["active"] else None


async def client_for(wire: Wire, app_id: str, **changes: Any) -> Client:
    """Register an app of the dialect, let the shop's owner agree to its asks and make a key."""
    made = await make_key(wire, app_id, SCOPES, **changes)
    form = {"client_id": made.key.credential.id, "client_secret": made.key.raw_secret, **FIXED}
    return Client(wire, made.app, made.raw_secret, made.grant_id, form)


async def test_a_key_is_exchanged_as_kiotviet_does_it(wire: Wire) -> None:
    """Three members, a number of seconds that is true, no refresh token; it opens what the owner gave and no more."""
    client = await client_for(wire, "chuyen-nha")
    reply = await client.exchange()
    token = reply.json["access_token"]
    assert is_well_formed(token, ACCESS)
    assert (reply.status, reply.json) == (200, {"access_token": token, "expires_in": 900, "token_type": "Bearer"})
    assert reply.headers["Cache-Control"] == "no-store"
    assert await client.what_opens(token) == " ".join(SCOPES)
    wire.scene.clock.advance(timedelta(seconds=900))
    assert await client.what_opens(token) is None


async def test_its_one_scope_may_be_left_out(wire: Wire) -> None:
    """Some of KiotViet's clients send it under OAuth's name, or not at all; another one is refused."""
    client = await client_for(wire, "pham-vi")
    assert (await client.exchange(scopes=None)).status == 200
    assert (await client.exchange(scopes=None, scope="PublicApi.Access")).status == 200
    for named in ({"scopes": "Other.Access"}, {"scope": SCOPES[0]}, {"scopes": "PublicApi.Access openid"}):
        assert (await client.exchange(**named)).error == (400, "invalid_scope")


async def test_oauths_own_parameters_mean_nothing_here(wire: Wire) -> None:
    """Another target cannot be slipped in under OAuth's names."""
    client = await client_for(wire, "ten-khac")
    assert (await client.exchange(resource=wire.door.resource("zalo"))).status == 200
    assert (await client.exchange(authorization_details="[{}]")).status == 200


@pytest.mark.parametrize(
    "changes,error",
    [
        ({"client_secret": "qcs_wrong"}, (401, "invalid_client")),
        ({"client_secret": None}, (401, "invalid_client")),
        ({"client_id": None}, (401, "invalid_client")),
        ({"client_id": "gc_unknown"}, (401, "invalid_client")),
        ({"grant_type": None}, (400, "invalid_request")),
        ({"grant_type": "authorization_code"}, (400, "unauthorized_client")),
    ],
)
async def test_each_fault_is_told_as_oauth_tells_it(
    wire: Wire, shared: Client, changes: Mapping[str, str | None], error: tuple[int, str]
) -> None:
    """How KiotViet says no is documented nowhere; its clients read `error` and `error_description`."""
    assert (await shared.exchange(**changes)).error == error
    assert (await shared.exchange()).status == 200


async def test_only_post_is_answered(wire: Wire) -> None:
    """Every other method is told so; a key in the address is refused, where logs would keep it."""
    asked = await wire.send("GET", TOKEN)
    assert (asked.error, asked.headers["Allow"]) == ((405, "invalid_request"), "POST")
    assert (await wire.post(f"{TOKEN}?client_secret=x", FIXED)).error == (400, "invalid_request")


async def test_an_apps_own_secret_is_no_key(wire: Wire) -> None:
    """What KiotViet calls a client is a key for one shop: an app that may manage itself gets nothing by this door."""
    app, raw_secret = await wire.add_secret_app("tu-quan", ASKS, dialect="kiotviet", grant_types=tuple(GrantType))
    form = {**FIXED, "client_id": app.id, "client_secret": raw_secret}
    assert (await wire.post(TOKEN, form)).error == (401, "invalid_client")
    form = {"grant_type": "client_credentials", "client_id": app.id, "client_secret": raw_secret}
    assert (await wire.post("/oauth/token", form)).status == 200


@pytest.mark.parametrize("dialect", [None, "zalo"])
async def test_the_key_of_an_app_that_is_none_of_the_dialect_gets_nothing(wire: Wire, dialect: str | None) -> None:
    """It is good at `/oauth/token` alone."""
    client = await client_for(wire, f"dialect-{dialect}", dialect=dialect)
    assert (await client.exchange()).error == (400, "unauthorized_client")
    assert (await wire.post("/oauth/token", {**client.form, "scopes": ""})).status == 200


async def test_a_key_of_another_platform_gets_nothing(wire: Wire) -> None:
    """The app is of the dialect; its grant is about an account of Zalo's."""
    owner = wire.scene.owner.id
    oa = await link_account(wire.house, owner, external_id="4000000000000077")
    elsewhere = replace(wire, scene=replace(wire.scene, account=oa))
    app, _ = await wire.add_secret_app("hai-nen", dialect="kiotviet")
    await elsewhere.agree_to(app, ["oa_profile"])
    async with wire.house.storage.read() as connection:
        grant = await grants.find_between(connection, oa.id, app.id)
    assert grant is not None
    made = await make_credential(wire.house, NewCredential(grant.id, owner, "Máy (mẫu)"))
    form = {**FIXED, "client_id": made.credential.id, "client_secret": made.raw_secret}
    assert (await wire.post(TOKEN, form)).error == (400, "invalid_target")


async def test_keys_are_not_proven_here(wire: Wire, shared: Client) -> None:
    """A good proof is refused: the dialect's clients could not use a bound token."""
    assert (await shared.exchange(await prove(wire, TOKEN))).error == (400, "invalid_dpop_proof")


async def test_it_opens_nothing_from_elsewhere(wire: Wire) -> None:
    """An app that named its networks gets tokens there alone."""
    away = await client_for(wire, "xa", addresses=("203.0.113.0/24",))
    assert (await away.exchange()).error == (401, "invalid_client")
    near = await client_for(wire, "gan", addresses=("127.0.0.1/32",))
    assert (await near.exchange()).status == 200


async def test_it_ends_with_its_grant(wire: Wire) -> None:
    """As everywhere: of a paused grant no token opens anything, and of one that was withdrawn the key gets none."""
    client = await client_for(wire, "het")
    token = (await client.exchange()).json["access_token"]
    actor = Actor(ActorKind.PERSON, wire.scene.owner.id)
    await pause(wire.house, client.grant_id, actor)
    assert await client.what_opens((await client.exchange()).json["access_token"]) is None
    await withdraw(wire.house, client.grant_id, actor)
    assert (await client.exchange()).error == (400, "invalid_grant")
    assert await client.what_opens(token) is None


async def test_guesses_are_limited_here_too(wire: Wire) -> None:
    """Ten wrong secrets; the right one then hears when to come again."""
    client = await client_for(wire, "do-ma")
    for _ in range(WRONG_SECRETS.times):
        assert (await client.exchange(client_secret="wrong")).status == 401
    limited = await client.exchange()
    assert limited.error == (429, "temporarily_unavailable")
    assert int(limited.headers["Retry-After"]) > 0
