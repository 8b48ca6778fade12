"""One table of probes on two servers: first a known-good one, npm's oidc-provider, which tells a wrong test; then ours.

Where the two differ the row says what the other answers and why ours is right, by the number of the requirement.
"""

import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

import aiohttp
import pytest
from joserfc.jwk import ECKey

from gateway.records.apps.types import AuthMethod, GrantType
from tests.house import fresh_parts
from tests.protocol.keys import public_jwks
from tests.protocol.limitless import NoLimits
from tests.protocol.probes.table import TABLE
from tests.protocol.probing import Probe, Server, send
from tests.protocol.servers import Names, Ours, Theirs
from tests.protocol.wire import Wire, served
from tests.ready import scene_in
from tests.services.child import short_folder
from tests.services.peers import Oracle

SCOPE, RESOURCE = "zalo.profile.read", "https://api.example/zalo"
METADATA = "/.well-known/oauth-authorization-server"
ASKS = (("probed_profile", SCOPE, "crm", False),)
SECRET = "a secret of 32 characters (mau)!"
CODE = (GrantType.CODE,)
PUBLIC = (GrantType.CODE, GrantType.REFRESH, GrantType.DEVICE)
EVERY = tuple(GrantType)
NAMES = Names(("client", SECRET), ("other", SECRET), "public", "keyed", "https://app.example/cb", SCOPE, RESOURCE)


@dataclass(frozen=True)
class Pair:
    """The two servers."""

    theirs: Server
    ours: Server


@pytest.fixture(scope="module")
async def pair(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Pair]:
    """Yield both, once for all rows; each row makes codes and tokens of its own."""
    clock, entropy = fresh_parts()
    folder = short_folder("oracle")
    oracle = Oracle(folder, clients=list_clients(), keys=[new_key()], resource=RESOURCE, scope=SCOPE)
    try:
        async with (
            aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http,
            scene_in(tmp_path_factory.mktemp("house"), clock, entropy=entropy) as scene,
            served(scene, limits=NoLimits()) as wire,
        ):
            yield Pair(Theirs(oracle, NAMES, oracle.read_metadata(), http), await prepare(wire))
    finally:
        oracle.child.stop()
        shutil.rmtree(folder, ignore_errors=True)


def new_key() -> dict[str, Any]:
    """Return a key that the oracle signs with."""
    return dict(
        ECKey.generate_key("P-256", {"kid": "o-1", "use": "sig", "alg": "ES256"}, private=True).as_dict(private=True)
    )


def list_clients() -> list[dict[str, Any]]:
    """Return the oracle's clients."""
    secret = {"client_secret": SECRET, "token_endpoint_auth_method": "client_secret_basic"}
    keyed = {
        "token_endpoint_auth_method": "private_key_jwt",
        "token_endpoint_auth_signing_alg": "ES256",
        "jwks": public_jwks(),
    }
    rows: tuple[tuple[str, tuple[GrantType, ...], dict[str, Any]], ...] = (
        ("client", EVERY, secret),
        ("other", CODE, secret),
        ("public", PUBLIC, {"token_endpoint_auth_method": "none"}),
        ("keyed", EVERY, keyed),
    )
    common = {"redirect_uris": [NAMES.redirect_uri], "scope": SCOPE, "id_token_signed_response_alg": "ES256"}
    return [{"client_id": name, "grant_types": list(grants), **common, **more} for name, grants, more in rows]


async def prepare(wire: Wire) -> Ours:
    """Register the same clients at the gateway."""
    client, client_secret = await wire.add_secret_app("client", ASKS, grant_types=EVERY)
    other, other_secret = await wire.add_secret_app("other", ASKS, grant_types=CODE)
    public = await wire.add_app("public", ASKS, grant_types=PUBLIC)
    keyed = await wire.add_app("keyed", ASKS, grant_types=EVERY, auth_method=AuthMethod.KEY, jwks=public_jwks())
    names = replace(
        NAMES,
        client=(client.id, client_secret),
        other=(other.id, other_secret),
        public=public.id,
        keyed=keyed.id,
        resource=wire.door.resource("zalo"),
    )
    return Ours(wire, names, (await wire.send("GET", METADATA)).json)


@pytest.mark.parametrize("probe", TABLE, ids=str)
async def test_a_probe(pair: Pair, probe: Probe) -> None:
    """The known-good server answers as the row says, and so do we."""
    wanted = probe.oracle.wanted if probe.oracle else probe.wanted
    reply = await send(pair.theirs, probe)
    assert wanted.list_faults(reply) == [], ("the row is wrong", reply.status, reply.body)
    reply = await send(pair.ours, probe)
    assert probe.wanted.list_faults(reply) == [], (reply.status, reply.body)


def test_the_rows_have_names_of_their_own() -> None:
    """No row hides another, and a row that differs says why by number."""
    assert len({str(probe) for probe in TABLE}) == len(TABLE)
    whys = [probe.oracle.why for probe in TABLE if probe.oracle]
    assert all(why[:1].isdigit() for why in whys)
