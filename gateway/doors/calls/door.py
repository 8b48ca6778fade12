"""What the calls' door works with; `gateway/server` puts it together."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.acts import House
from gateway.authority.budgets import Budgets
from gateway.authority.facts import TokenFacts, find_token
from gateway.authority.freshness import ProofMemory
from gateway.authority.limits import Limits
from gateway.doors.calls.doubts import Doubts
from gateway.platforms import Connector
from gateway.records.trace.writer import TraceWriter
from scopes import Catalogue


@dataclass(frozen=True, slots=True)
class CallsDoor:
    """The parts of the proxy.

    Args:
        house: authority, records and acts.
        catalogue: what exists for apps.
        connectors: by platform; a platform of the catalogue without one has no routes here.
        trace: opens a line before the first byte goes upstream.
        proofs: which proofs of keys were seen.
        issuer: the public origin, where consent is asked for.
        api_url: this origin.
        limits: how often an app may call, and be refused.
        budgets: what is used of the platforms' own limits.
        limit_connections: upstream connections at once; further calls wait, and are checked after waiting.
        doubts: asks about connections of which one call was refused for want of a permission.
    """

    house: House
    catalogue: Catalogue
    connectors: Mapping[str, Connector]
    trace: TraceWriter
    proofs: ProofMemory
    issuer: str
    api_url: str
    limits: Limits
    budgets: Budgets
    limit_connections: int = 256
    doubts: Doubts = field(default_factory=Doubts)

    async def find_token(self, hashed_token: bytes) -> TokenFacts | None:
        """Find what is true about an access token now; None if there is none.

        Raises:
            Unavailable: the authority gave no answer; nothing may pass.
        """
        return await find_token(self.house.storage, hashed_token, denied=self.house.in_flight.denied)

    def resource_metadata(self, platform: str) -> str:
        """Return where RFC 9728 metadata of a platform's API stands; unknown platforms have none of their own."""
        known = platform if platform in self.connectors else ""
        return f"{self.api_url}/.well-known/oauth-protected-resource/{known}".rstrip("/")
