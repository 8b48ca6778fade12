"""An off-the-shelf client, authlib's AsyncOAuth2Client on httpx2, goes the whole way without a line of its own."""

from itertools import count
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest
from authlib.integrations.httpx_client import AsyncOAuth2Client, OAuthError
from authlib.oauth2.rfc7523 import PrivateKeyJWT

from gateway.acts.decide import DURATIONS, Answer, decide
from gateway.acts.show_request import show_request
from gateway.records.apps.types import GrantType
from tests.house import REDIRECT_URI, VERIFIER
from tests.protocol.keys import EC, add_key_app
from tests.protocol.wire import Wire

SCOPE = "zalo.profile.read zalo.follower.name.read"
ASKS = (("of_authlib", "zalo.profile.read", "crm", False),)
EVERY_GRANT = tuple(GrantType)
_NUMBERS = count()


class ForTheIssuer(PrivateKeyJWT):  # type: ignore[misc]  # the library has no types
    """The library's own assertion, for the issuer and by the gateway's clock, each with a `jti` of its own."""

    def __init__(self, wire: Wire) -> None:
        super().__init__(alg="ES256", headers={"kid": EC.kid})
        self._wire = wire

    def sign(self, auth: Any, token_endpoint: str) -> Any:
        """Sign; by itself it names the endpoint as its audience, and is good for an hour of the machine's time."""
        now = int(self._wire.scene.clock.now().timestamp())
        times = {"iat": now, "exp": now + 3600, "jti": f"authlib-{next(_NUMBERS)}"}
        self.claims = {"aud": self._wire.door.issuer, **times}
        return super().sign(auth, token_endpoint)


async def go_to_consent_and_back(wire: Wire, client: AsyncOAuth2Client, state: str) -> str:
    """Do what browser and person do between the client's two halves; return where the browser comes back to."""
    url, state = client.create_authorization_url(
        f"{wire.door.issuer}/oauth/authorize", state=state, code_verifier=VERIFIER
    )
    request = await wire.find_request(await wire.send("GET", url.removeprefix(wire.door.issuer)))
    await show_request(wire.house, request.id, wire.scene.owner.id)
    agreed = frozenset(request.ask_ids)
    answer = Answer(wire.scene.owner.id, wire.scene.account.id, agreed, DURATIONS["P30D"], "Chữ (mẫu)", "vi")
    decided = await decide(wire.house, request.id, answer)
    return f"{REDIRECT_URI}?{urlencode({'code': decided.raw_code, 'state': request.state, 'iss': wire.door.issuer})}"


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post", "none"])
async def test_the_whole_flow(wire: Wire, method: str) -> None:
    """Authorize, redeem, refresh, revoke, by each method that the metadata names."""
    is_public = method == "none"
    app = wire.scene.public_app if is_public else wire.scene.app
    async with AsyncOAuth2Client(
        client_id=app.id,
        client_secret=None if is_public else wire.scene.raw_secret,
        token_endpoint_auth_method=method,
        revocation_endpoint_auth_method=method,
        redirect_uri=REDIRECT_URI,
        scope=SCOPE,
        code_challenge_method="S256",
        trust_env=False,
    ) as client:
        back = await go_to_consent_and_back(wire, client, "st&te=é+%20")
        token_url = f"{wire.door.issuer}/oauth/token"
        first = await client.fetch_token(
            token_url, authorization_response=back, state="st&te=é+%20", code_verifier=VERIFIER
        )
        assert set(first["scope"].split(" ")) == set(SCOPE.split(" "))
        second = await client.refresh_token(token_url, refresh_token=first["refresh_token"])
        assert second["access_token"] != first["access_token"]
        reply = await client.revoke_token(f"{wire.door.issuer}/oauth/revoke", token=second["refresh_token"])
        assert reply.status_code == 200
        with pytest.raises(OAuthError) as refused:
            await client.refresh_token(token_url, refresh_token=second["refresh_token"])
        assert refused.value.error == "invalid_grant"


async def test_it_introspects(wire: Wire) -> None:
    """The library's introspection call reads what we say."""
    async with AsyncOAuth2Client(
        client_id=wire.scene.app.id,
        client_secret=wire.scene.raw_secret,
        redirect_uri=REDIRECT_URI,
        scope=SCOPE,
        code_challenge_method="S256",
        trust_env=False,
    ) as client:
        back = await go_to_consent_and_back(wire, client, "s")
        token_url = f"{wire.door.issuer}/oauth/token"
        token = await client.fetch_token(token_url, authorization_response=back, state="s", code_verifier=VERIFIER)
        reply = await client.introspect_token(f"{wire.door.issuer}/oauth/introspect", token=token["access_token"])
        assert reply.json()["active"] is True
        assert reply.json()["client_id"] == wire.scene.app.id


async def test_a_key_instead_of_a_secret(wire: Wire) -> None:
    """private_key_jwt: the library signs an assertion for each request."""
    app = await add_key_app(wire, "authlib-key", asks=ASKS)
    async with AsyncOAuth2Client(
        client_id=app.id,
        client_secret=EC,
        token_endpoint_auth_method="private_key_jwt",
        redirect_uri=REDIRECT_URI,
        scope="zalo.profile.read",
        code_challenge_method="S256",
        trust_env=False,
    ) as client:
        client.register_client_auth_method(ForTheIssuer(wire))
        back = await go_to_consent_and_back(wire, client, "s")
        token_url = f"{wire.door.issuer}/oauth/token"
        first = await client.fetch_token(token_url, authorization_response=back, state="s", code_verifier=VERIFIER)
        second = await client.refresh_token(token_url, refresh_token=first["refresh_token"])
        assert second["scope"] == "zalo.profile.read"


async def test_a_pushed_request(wire: Wire) -> None:
    """PAR, for which the library has its client authentication and its address, but no call of its own."""
    async with AsyncOAuth2Client(
        client_id=wire.scene.app.id, client_secret=wire.scene.raw_secret, redirect_uri=REDIRECT_URI, trust_env=False
    ) as client:
        asked = {name: value for name, value in wire.right_request().items() if value is not None}
        authentication = client.client_auth("client_secret_basic")
        pushed = await client.request(
            "POST", f"{wire.door.issuer}/oauth/par", data=asked, auth=authentication, withhold_token=True
        )
        assert pushed.status_code == 201
        url, _ = client.create_authorization_url(
            f"{wire.door.issuer}/oauth/authorize", request_uri=pushed.json()["request_uri"]
        )
        opened = await wire.send("GET", url.removeprefix(wire.door.issuer))
        assert (await wire.find_request(opened)).state == asked["state"]


async def test_its_own_affairs(wire: Wire) -> None:
    """client_credentials; the library puts the token on its calls by itself."""
    app, raw_secret = await wire.add_secret_app("authlib-own", ASKS, grant_types=EVERY_GRANT)
    async with AsyncOAuth2Client(client_id=app.id, client_secret=raw_secret, trust_env=False) as client:
        await client.fetch_token(f"{wire.door.issuer}/oauth/token", grant_type="client_credentials")
        called = await client.get(f"{wire.door.issuer}/v1/asks")
        assert [each["ask"] for each in called.json()["asks"]] == ["of_authlib"]


async def test_a_device_waits(wire: Wire) -> None:
    """The device grant by the library's general call: what the server says while nobody decided is read as an error."""
    app = await wire.add_app("authlib-device", ASKS, grant_types=EVERY_GRANT)
    async with AsyncOAuth2Client(client_id=app.id, token_endpoint_auth_method="none", trust_env=False) as client:
        url = f"{wire.door.issuer}/oauth/device_authorization"
        told = await client.request("POST", url, data={"client_id": app.id}, withhold_token=True)
        with pytest.raises(OAuthError) as waiting:
            await client.fetch_token(
                f"{wire.door.issuer}/oauth/token",
                grant_type=GrantType.DEVICE.value,
                device_code=told.json()["device_code"],
            )
        assert waiting.value.error == "authorization_pending"


async def test_it_refreshes_by_itself(wire: Wire) -> None:
    """A token that is over is renewed before the call, and the library's user hears of the new one."""
    heard: list[dict[str, Any]] = []

    async def hear(token: dict[str, Any], **_old: Any) -> None:
        heard.append(token)

    token_url = f"{wire.door.issuer}/oauth/token"
    async with AsyncOAuth2Client(
        client_id=wire.scene.app.id,
        client_secret=wire.scene.raw_secret,
        redirect_uri=REDIRECT_URI,
        scope=SCOPE,
        code_challenge_method="S256",
        token_endpoint=token_url,
        update_token=hear,
        trust_env=False,
    ) as client:
        back = await go_to_consent_and_back(wire, client, "s")
        first = await client.fetch_token(token_url, authorization_response=back, state="s", code_verifier=VERIFIER)
        client.token = {**first, "expires_at": 1}
        answer = await client.get(f"{wire.door.issuer}/v1/asks")
        assert answer.status_code == httpx2.codes.UNAUTHORIZED  # it opens an account's data, not the app's own affairs
        assert await wire.is_active(heard[0]["access_token"])
