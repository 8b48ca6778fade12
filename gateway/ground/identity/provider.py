"""The provider, as acts use it: the way out, the way back, and what it tells behind the browser's back."""

import ssl
from typing import Any
from urllib.parse import urlencode

from gateway.ground.identity import checks, tokens
from gateway.ground.identity.kept import Kept
from gateway.ground.identity.keys import KeyRing
from gateway.ground.identity.metadata import ProviderMetadata, discovery_url, read_metadata
from gateway.ground.identity.types import Departure, LoggedOut, Proven, Registration
from gateway.ground.identity.wire import IDENTITY, LIMIT_SECONDS, Wire
from gateway.terms.clock import Clock
from gateway.terms.refusal import Unavailable

__all__ = ["IDENTITY", "Provider"]
SCOPE = "openid profile"
METADATA_OLD_SECONDS = 3600.0
_TOKEN_TYPES = frozenset({"bearer", "dpop"})


class Provider:
    """One OpenID Provider, found by its issuer; nothing is asked of it before somebody signs in.

    Every coroutine raises `Unavailable(IDENTITY)` when it does not answer in bound, and `Refusal("provider_refused")`
    when what it says does not hold.

    Args:
        registration: the gateway's own registration there.
        clock: judges tokens, and how old what is kept has become.
        limit_seconds: how long one exchange may take.
    """

    slug = "oidc"
    tells_when = True

    def __init__(self, registration: Registration, clock: Clock, *, limit_seconds: float = LIMIT_SECONDS) -> None:
        self.registration, self._clock = registration, clock
        self._wire = Wire(registration, ssl.create_default_context(), limit_seconds=limit_seconds)
        self._metadata = Kept(self._fetch_metadata, clock)
        self._keys = KeyRing(self._fetch_keys, clock)

    @property
    def issuer(self) -> str:
        """Who it is, in every record."""
        return self.registration.issuer

    @property
    def page_url(self) -> str:
        """The issuer: all of its addresses were held to its scheme."""
        return self.issuer

    async def authorize_url(self, departure: Departure) -> str:
        """Return where the browser goes: a code flow with PKCE S256, state and nonce."""
        metadata = await self._find_metadata()
        asked = {
            "scope": SCOPE,
            "redirect_uri": self.registration.redirect_uri,
            "nonce": departure.nonce,
            "prompt": departure.prompt or None,
            "acr_values": " ".join(departure.acr_values) or None,
            # As text: the library leaves a number out that is 0, which asks for a proof made now.
            "max_age": None if departure.max_age_seconds is None else str(departure.max_age_seconds),
        }
        return self._wire.authorize_url(metadata.authorization_endpoint, departure, asked)

    async def check_answerer(self, raw_issuer: str | None) -> None:
        """Check who says to have answered (RFC 9207): a code of another provider's must never be sent to this one."""
        metadata = await self._find_metadata()
        is_missing = raw_issuer is None and metadata.authorization_response_iss_parameter_supported
        if is_missing or raw_issuer not in {None, self.issuer}:
            raise tokens.refused("another provider answered, or one that does not say who it is")

    async def redeem(self, raw_code: str, departure: Departure) -> Proven:
        """Exchange a code for whom it proves; every check on the ID token has passed.

        Raises:
            Refusal: also `sign_in_nonce`: the token answers another departure.
        """
        metadata = await self._find_metadata()
        answer = await self._wire.redeem(metadata.token_endpoint, raw_code=raw_code, verifier=departure.verifier)
        raw_token, access_token = answer.get("id_token"), answer.get("access_token")
        if not isinstance(raw_token, str) or not isinstance(access_token, str):
            raise tokens.refused("the answer holds no ID token")
        if str(answer.get("token_type")).lower() not in _TOKEN_TYPES:
            raise tokens.refused("the answer is of an unknown type")
        head, raw_claims = await self._verify(raw_token, checks.ID_TYPES)
        claims = tokens.read_id_claims(raw_claims)
        expected = checks.Expected(
            self.issuer,
            self.registration.client_id,
            self._now(),
            nonce=departure.nonce,
            access_token=access_token,
            algorithm=head.algorithm,
            max_age_seconds=departure.max_age_seconds,
            since=None if departure.left_at is None else departure.left_at.timestamp(),
        )
        for check in checks.ID_CHECKS:
            check(claims, expected)
        return Proven(
            issuer=claims.iss,
            subject=claims.sub,
            sid=claims.sid,
            acr=claims.acr,
            authenticated_at=None if claims.auth_time is None else checks.moment(claims.auth_time),
            raw_name=claims.name or claims.preferred_username,
            access_token=access_token,
        )

    async def find_name(self, proven: Proven) -> str:
        """Find what the provider calls the person; "" where it does not say: a name is never worth a failed sign-in."""
        metadata = await self._find_metadata()
        if proven.raw_name or metadata.userinfo_endpoint is None:
            return proven.raw_name
        try:
            found = await self._wire.get_object(metadata.userinfo_endpoint, access_token=proven.access_token)
        except Unavailable:
            return ""
        if found.get("sub") != proven.subject:  # Core 5.3.2: else it speaks of somebody else
            return ""
        names = (found.get("name"), found.get("preferred_username"))
        return next((name for name in names if isinstance(name, str) and name), "")

    async def read_logout(self, raw_token: str) -> LoggedOut:
        """Read a logout token that anyone may have sent; every check but on its being new has passed."""
        _, raw_claims = await self._verify(raw_token, checks.LOGOUT_TYPES)
        claims = tokens.read_logout_claims(raw_claims)
        expected = checks.Expected(self.issuer, self.registration.client_id, self._now())
        for check in checks.LOGOUT_CHECKS:
            check(claims, expected)
        ends_at = checks.moment(claims.exp + checks.SKEW_SECONDS)
        return LoggedOut(claims.iss, claims.sub, claims.sid, claims.jti, ends_at)

    async def sign_out_url(self) -> str | None:
        """Return where a person can end their session at the provider too; None where it has no such page.

        No `id_token_hint`: it would have to be kept, so the provider asks the person instead (RP-Initiated Logout 2).
        """
        endpoint = (await self._find_metadata()).end_session_endpoint
        if endpoint is None:
            return None
        known = self.registration
        asked = urlencode({"client_id": known.client_id, "post_logout_redirect_uri": known.signed_out_uri})
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{asked}"

    async def _verify(self, raw_token: str, types: tuple[str | None, ...]) -> tuple[tokens.UnverifiedHead, Any]:
        metadata = await self._find_metadata()
        head = tokens.read_head(raw_token, metadata.algorithms)
        if head.typ not in types:
            raise tokens.refused("a token of another kind")
        key = await self._keys.find(head.algorithm, head.kid)
        return head, tokens.verify(raw_token, key, head.algorithm)

    async def _find_metadata(self) -> ProviderMetadata:
        return await self._metadata.get(METADATA_OLD_SECONDS)

    async def _fetch_metadata(self) -> ProviderMetadata:
        return read_metadata(await self._wire.get_object(discovery_url(self.issuer)), self.registration)

    async def _fetch_keys(self) -> dict[str, Any]:
        return await self._wire.get_object((await self._find_metadata()).jwks_uri)

    def _now(self) -> float:
        return self._clock.now().timestamp()
