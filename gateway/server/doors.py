"""The registry of doors: each gets its parts and hands out its table of endpoints; two origins, two applications."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import web

import gateway.doors
from gateway.acts import House
from gateway.authority.budgets import Budgets
from gateway.authority.freshness import ProofMemory
from gateway.authority.limits import Limits
from gateway.doors import Clerk, Endpoint, Porter
from gateway.doors.calls.door import CallsDoor
from gateway.doors.calls.server import build_calls
from gateway.doors.consoles.developers.door import DevelopersDoor
from gateway.doors.consoles.developers.endpoints import endpoints as developer_endpoints
from gateway.doors.consoles.operators.door import OperatorsDoor
from gateway.doors.consoles.operators.endpoints import endpoints as operator_endpoints
from gateway.doors.consoles.operators.looks import RecentLooks
from gateway.doors.events.hooks import EventsDoor
from gateway.doors.events.hooks import endpoints as event_endpoints
from gateway.doors.events.intake import Intake
from gateway.doors.management.door import ManagementDoor
from gateway.doors.management.endpoints import endpoints as management_endpoints
from gateway.doors.management.problems import render_problem
from gateway.doors.oauth.dialects import dialect_endpoints
from gateway.doors.oauth.door import OAuthDoor
from gateway.doors.oauth.dynamic import DynamicApps
from gateway.doors.oauth.endpoints import api_endpoints
from gateway.doors.oauth.endpoints import endpoints as oauth_endpoints
from gateway.doors.person.door import PersonDoor
from gateway.doors.person.endpoints import endpoints as person_endpoints
from gateway.doors.person.errors import error_pages, show_error, tell_unreadable
from gateway.doors.person.provider import SignInProvider
from gateway.doors.person.views_consent import Keeper
from gateway.ground.fetching.fetcher import Fetcher
from gateway.ground.vault.passwords import Passwords
from gateway.ground.web.addresses import addresses
from gateway.ground.web.assets import Assets
from gateway.ground.web.cookies import SessionCookie
from gateway.ground.web.frame import Contact, Site
from gateway.ground.web.rendering import Pages
from gateway.ground.web.request_ids import request_ids
from gateway.ground.web.runner import Tell
from gateway.platforms import Connector, Registrar
from gateway.platforms.zalo.followers import ZaloFollowers
from gateway.records.trace.writer import TraceWriter
from gateway.server.api_document import document_endpoints
from gateway.server.health import Health
from gateway.server.identity import find_classes
from gateway.server.platforms import list_hooks, list_points
from gateway.settings import Settings
from scopes import Catalogue

BODY_LIMIT_BYTES = 1 << 20
_DOORS = Path(gateway.doors.__file__).parent
TEMPLATES = {
    "person": _DOORS / "person/templates",
    "developers": _DOORS / "consoles/developers/templates",
    "operators": _DOORS / "consoles/operators/templates",
}


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything that the doors are made from."""

    settings: Settings
    house: House
    catalogue: Catalogue
    connectors: Mapping[str, Connector]
    limits: Limits
    proofs: ProofMemory
    passwords: Passwords
    health: Health
    budgets: Budgets
    registrars: Mapping[str, Registrar] = field(default_factory=dict)
    providers: tuple[SignInProvider, ...] = ()
    followers: Mapping[str, ZaloFollowers] = field(default_factory=dict)
    documents: Fetcher | None = None
    """Reads client documents; None where the settings do not open that road."""


def build_public(parts: Parts) -> web.Application:
    """Build the origin of people and OAuth."""
    person = _person_door(parts)
    app = web.Application(
        middlewares=[
            request_ids(parts.house.entropy),
            addresses(parts.settings.trusted_proxies or ()),
            error_pages(person),
        ],
        client_max_size=BODY_LIMIT_BYTES,
    )
    oauth, management = _oauth_door(parts, person), _management_door(parts)
    person.porter.install(app, [*person_endpoints(person), *oauth_endpoints(oauth), *dialect_endpoints(oauth)])
    person.porter.install(app, [*_console_endpoints(parts, person), *_health_endpoints(parts.health)])
    person.porter.install(app, management_endpoints(management), refuse=partial(render_problem, management))
    person.porter.install(app, document_endpoints(oauth, management))
    return app


def tell_people(parts: Parts) -> Tell:
    """Return how people are told that their request could not be read."""
    return partial(tell_unreadable, _person_door(parts))


def build_api(parts: Parts) -> web.Application:
    """Build the origin of calls. The proxy answers every target that is not the gateway's own."""
    settings = parts.settings
    door = CallsDoor(
        house=parts.house,
        catalogue=parts.catalogue,
        connectors=parts.connectors,
        trace=TraceWriter(parts.house.storage, parts.house.clock),
        proofs=parts.proofs,
        issuer=settings.public_url,
        api_url=settings.api_url,
        limits=parts.limits,
        budgets=parts.budgets,
    )
    person = _person_door(parts)
    app = build_calls(door, settings.trusted_proxies or ())
    person.porter.install(app, [*_health_endpoints(parts.health), *api_endpoints(_oauth_door(parts, person))])
    person.porter.install(app, event_endpoints(_events_door(parts)))
    return app


def _health_endpoints(health: Health) -> list[Endpoint]:
    return [
        Endpoint("GET", "/healthz", health.answer_alive, public=True),
        Endpoint("GET", "/readyz", health.answer_ready, public=True),
    ]


def _console_endpoints(parts: Parts, person: PersonDoor) -> list[Endpoint]:
    clerk = Clerk(person.pages, person.site, person.public_url)
    return [
        *developer_endpoints(DevelopersDoor(parts.house, clerk, parts.catalogue, parts.settings.is_on_loopback)),
        *operator_endpoints(OperatorsDoor(parts.house, clerk, parts.catalogue, RecentLooks(parts.house.clock))),
    ]


def _oauth_door(parts: Parts, person: PersonDoor) -> OAuthDoor:
    settings = parts.settings
    platforms = {name: tuple(parts.catalogue.platforms[name].scopes) for name in parts.connectors}
    return OAuthDoor(
        house=parts.house,
        limits=parts.limits,
        proofs=parts.proofs,
        issuer=settings.public_url,
        api_url=settings.api_url,
        platforms=platforms,
        render_error=partial(show_error, person),
        dynamic=DynamicApps(settings.client_registration, parts.documents, _open_scopes(parts)),
        kinds={scope: kind for scope in parts.catalogue.scopes if (kind := parts.catalogue.find_kind(scope))},
        classes=find_classes(parts.providers),
    )


def _events_door(parts: Parts) -> EventsDoor:
    settings = parts.settings
    return EventsDoor(
        house=parts.house,
        catalogue=parts.catalogue,
        limits=parts.limits,
        intake=Intake(parts.house),
        hooks=list_hooks(settings),
        points=list_points(settings),
    )


def _management_door(parts: Parts) -> ManagementDoor:
    settings = parts.settings
    return ManagementDoor(parts.house, parts.limits, parts.proofs, settings.public_url, settings.is_on_loopback)


def _open_scopes(parts: Parts) -> dict[str, int]:
    """List what an app may ask that nobody reviewed, with the version of each."""
    platforms = [parts.catalogue.platforms[name] for name in parts.connectors]
    return {one.id: one.version for each in platforms for one in each.scopes.values() if each.is_for_unreviewed(one)}


def _person_door(parts: Parts) -> PersonDoor:
    settings = parts.settings
    cookie = SessionCookie(is_https=settings.public_url.startswith("https:"))
    assets = Assets()
    return PersonDoor(
        house=parts.house,
        porter=Porter(parts.house.storage, parts.house.clock, cookie=cookie),
        pages=Pages(TEMPLATES, assets),
        assets=assets,
        catalogue=parts.catalogue,
        limits=parts.limits,
        passwords=parts.passwords,
        connectors=parts.connectors,
        public_url=settings.public_url,
        site=_site(settings),
        keeper=Keeper(settings.operator_name, "platform" if settings.mode == "platform" else "business"),
        retention_days=settings.record_retention_days,
        providers=parts.providers,
        followers=parts.followers,
        cool_down_days=settings.refusal_cool_down_days,
    )


def _site(settings: Settings) -> Site:
    contact = Contact(settings.operator_contact, email=settings.operator_email) if settings.operator_contact else None
    authority = Contact(settings.authority) if settings.authority else None
    return Site(
        urlsplit(settings.public_url).netloc,
        protection=contact,
        authority=authority,
        has_ways=settings.oidc is not None or settings.zalo_login is not None,
    )
