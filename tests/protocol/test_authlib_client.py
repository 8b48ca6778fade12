"""An off-the-shelf client, authlib's AsyncOAuth2Client on httpx2, goes the whole way without a line of its own."""

from urllib.parse import urlencode

import pytest
from authlib.integrations.httpx_client import AsyncOAuth2Client, OAuthError

from gateway.acts.decide import DURATIONS, Answer, decide
from gateway.acts.show_request import show_request
from tests.house import REDIRECT_URI, VERIFIER
from tests.protocol.wire import Wire

SCOPE = "zalo.profile.read zalo.follower.name.read"


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
