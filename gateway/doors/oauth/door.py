"""What the OAuth door works with; `gateway/server` puts it together."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from aiohttp import web

from gateway.acts import House
from gateway.authority.freshness import ProofMemory
from gateway.authority.limits import Limits
from gateway.doors.oauth.dynamic import CLOSED, DynamicApps
from scopes import ResourceKind


class RenderError(Protocol):
    """Renders the one error page, for whoever is signed in; the person's door owns it."""

    async def __call__(  # noqa: PLR0913 - what such a page says
        self, request: web.Request, status: int, *, code: str, detail: str, link: str = "", told_as: str = ""
    ) -> web.Response:
        """Return the page.

        Args:
            request: the request that failed.
            status: HTTP status of the answer.
            code: stable slug of what went wrong.
            detail: a sentence for the app's developer; plain ASCII of our own, nothing of the request.
            link: where the person may choose to go back to: an address that the app registered, with the error in its
                query; empty: nowhere. It belongs into an ordinary link, never into a redirect.
            told_as: what it is to people, where the code means several things; empty: what it means first.
        """
        ...


@dataclass(frozen=True, slots=True)
class OAuthDoor:
    """The parts of the door.

    Args:
        house: what acts work with.
        limits: of wrong client secrets, of strange tokens at introspection, of requests opened.
        proofs: which proofs of keys were seen.
        issuer: the public origin, without a slash at its end; compared byte by byte by clients.
        api_url: the origin of calls, likewise.
        platforms: the platforms that are set up here, each with the ids of its scopes.
        render_error: the error page.
        dynamic: what is open to apps that no operator registered; nothing, where it is not said.
        kinds: the scopes that may be narrowed to resources, each with the kind of these.
        classes: of sign-in, all that can be had here; None where a provider may know others.
    """

    house: House
    limits: Limits
    proofs: ProofMemory
    issuer: str
    api_url: str
    platforms: Mapping[str, tuple[str, ...]]
    render_error: RenderError
    dynamic: DynamicApps = CLOSED
    kinds: Mapping[str, ResourceKind] = field(default_factory=dict)
    classes: frozenset[str] | None = None

    @property
    def is_https(self) -> bool:
        """Say whether the public origin is https."""
        return self.issuer.startswith("https://")

    @property
    def resources(self) -> dict[str, str]:
        """The platforms that are set up here, by the identifiers of their APIs."""
        return {self.resource(platform): platform for platform in self.platforms}

    @property
    def scopes(self) -> frozenset[str]:
        """Every scope of the platforms that are set up here."""
        return frozenset[str]().union(*self.platforms.values())

    @property
    def own_resource(self) -> str:
        """Return the resource identifier of what apps manage their own affairs by (`gateway/doors/management`)."""
        return f"{self.issuer}/v1"

    def resource(self, platform: str) -> str:
        """Return the resource identifier of a platform's API: where its calls go (RFC 8707, 9728)."""
        return f"{self.api_url}/{platform}"
