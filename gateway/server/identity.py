"""Which providers these settings ask for, and what the people whom each proves may be."""

from collections.abc import Iterable, Iterator

from aiohttp import ClientSession

from gateway.doors.person.provider import SignInProvider
from gateway.ground.identity.provider import Provider
from gateway.ground.identity.types import Registration
from gateway.platforms.zalo.login import ZaloApp, ZaloLogin
from gateway.records.people.types import PASSWORD_ACR, Role
from gateway.settings import Settings
from gateway.terms.clock import Clock

# The two modes: a platform's people own accounts and follow others'; a company's people decide for its accounts.
NEWCOMERS = {"platform": frozenset({Role.OWNER, Role.FOLLOWER}), "business": frozenset({Role.OWNER})}
FOLLOWERS = frozenset({Role.FOLLOWER})
"""Anybody may have a Zalo account: it proves a follower. Whose an OA is they prove at linking, as everyone does."""


def list_providers(settings: Settings, http: ClientSession, clock: Clock) -> tuple[SignInProvider, ...]:
    """Return the providers in the order of their buttons; of one without settings nothing exists."""
    return (*_oidc(settings, clock), *_zalo(settings, http))


def find_classes(providers: Iterable[SignInProvider]) -> frozenset[str] | None:
    """Find all classes of sign-in that can be had; None beside a provider that says how it asked: it has its own."""
    return None if any(each.client.tells_when for each in providers) else frozenset({PASSWORD_ACR})


def _oidc(settings: Settings, clock: Clock) -> Iterator[SignInProvider]:
    if (wanted := settings.oidc) is None:
        return
    registration = Registration(
        issuer=wanted.issuer,
        client_id=wanted.client_id,
        client_secret=wanted.client_secret.get_secret_value(),
        auth_method=wanted.client_auth,
        redirect_uri=f"{settings.public_url}/sign-in/oidc/callback",
        signed_out_uri=f"{settings.public_url}/",
    )
    name_en = wanted.name_en or wanted.name_vi
    yield SignInProvider(Provider(registration, clock), wanted.name_vi, name_en, NEWCOMERS[settings.mode])


def _zalo(settings: Settings, http: ClientSession) -> Iterator[SignInProvider]:
    if (wanted := settings.zalo_login) is None:
        return
    app = ZaloApp(
        oauth_url=wanted.oauth_url,
        graph_url=wanted.graph_url,
        app_id=wanted.app_id,
        app_secret=wanted.app_secret.get_secret_value(),
        callback_url=f"{settings.public_url}/sign-in/zalo/callback",
    )
    yield SignInProvider(ZaloLogin(app, http), "Zalo", "Zalo", FOLLOWERS)
