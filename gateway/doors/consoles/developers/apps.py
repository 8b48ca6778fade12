"""My apps, and one of them: `/developers`, `/developers/{client_id}`."""

from dataclasses import replace

from aiohttp import web

from gateway.doors import ask_views, lang_of, spoken, visitor_of
from gateway.doors.consoles.developers.door import DevelopersDoor
from gateway.doors.consoles.developers.views import AppLine, AppPageView, AppState, AppsView, AskLine, KeyLine
from gateway.ground.storage.storage import Connection
from gateway.ground.web.frame import Lang
from gateway.ground.web.local import country_name
from gateway.ground.web.plain import plain
from gateway.records.accounts import store as accounts
from gateway.records.apps import store as apps
from gateway.records.apps import upstreams
from gateway.records.apps.keys import import_keys
from gateway.records.apps.types import BEFORE_RESTORE, App, AppSecret, Ask
from gateway.records.apps.types import AppState as Known
from gateway.records.apps.upstreams import UpstreamApp
from gateway.records.grants import store as grants
from gateway.records.grants.types import AskTally
from gateway.records.ledger import reading
from gateway.terms.ids import AskId
from gateway.terms.refusal import Refusal


async def show_apps(door: DevelopersDoor, request: web.Request) -> web.Response:
    """`GET /developers`: the apps of the one signed in."""
    developer = visitor_of(request).person
    async with door.house.storage.read() as connection:
        mine = await apps.list_all(connection, developer.id)
        ids = [app.id for app in mine]
        asked = await apps.count_asks(connection, ids)
        now, told = door.house.clock.now(), accounts.counted_for_apps()
        live = await grants.count_live(connection, ids, now, among=told)
    lines = [
        AppLine(app.id, plain(app.name), plain(app.domain), _state(app), asked.get(app.id, 0), live.get(app.id, 0))
        for app in mine
    ]
    return door.clerk.show(request, AppsView(lines))


async def show_app(door: DevelopersDoor, request: web.Request) -> web.Response:
    """`GET /developers/{client_id}`: one of them; another developer's is as unknown as none."""
    now = door.house.clock.now()
    async with door.house.storage.read() as connection:
        app = await get_own_app(connection, request)
        asks = await apps.list_asks(connection, app.id)
        secrets = await apps.list_secrets(connection, app.id)
        tallies = await grants.count_by_ask(connection, app.id, now, among=accounts.counted_for_apps())
        unlinked = await reading.count_unlinked_refusals(connection, app.id)
        brought = await upstreams.list_all(connection, app.id)
    lang = lang_of(request)
    lines = _ask_lines(door, asks, tallies, unlinked=unlinked, lang=lang)
    page = _page(door, app, lines, secrets=secrets, lang=lang)
    return door.clerk.show(request, replace(page, upstreams=[_upstream_line(door, each, lang) for each in brought]))


async def get_own_app(connection: Connection, request: web.Request) -> App:
    """Return the app that the address names, if it is the developer's own.

    Raises:
        Refusal: `not_found`.
    """
    client_id, developer = request.match_info["client_id"], visitor_of(request).person
    app = await apps.find_owned(connection, client_id, developer.id) if client_id.isprintable() else None
    if app is None:
        raise Refusal("not_found")
    return app


def _page(door: DevelopersDoor, app: App, lines: list[AskLine], *, secrets: list[AppSecret], lang: Lang) -> AppPageView:
    platform = door.catalogue.platforms.get(app.dialect) if app.dialect else None
    was_restored = app.suspended_reason == BEFORE_RESTORE
    return AppPageView(
        name=plain(app.name),
        legal_name=plain(app.legal_entity),
        address=plain(app.address),
        contact=plain(app.contact),
        country=plain(country_name(app.country, lang)),
        domain=plain(app.domain),
        state=_state(app),
        reviewed_at=app.reviewed_at,
        registered_at=app.created_at,
        client_id=app.id,
        redirect_uris=[plain(uri, len(uri)) for uri in app.redirect_uris],
        may_refresh=app.may_refresh,
        may_use_devices=app.may_use_devices,
        asks=lines,
        keys=[KeyLine(secret.last4, secret.created_at, secret.ended_at) for secret in secrets],
        is_public=not app.is_confidential,
        own_keys=[key.kid or key.thumbprint() for key in import_keys(app.jwks)] if app.jwks else (),
        must_push=app.must_push,
        binds_tokens=app.binds_tokens,
        dialect=spoken(platform.name, lang) if platform else app.dialect or "",
        suspended_because="" if was_restored else plain(app.suspended_reason or ""),
        was_restored=was_restored,
    )


def _upstream_line(door: DevelopersDoor, upstream: UpstreamApp, lang: Lang) -> str:
    platform = door.catalogue.platforms.get(upstream.platform)
    return f"{spoken(platform.name, lang) if platform else upstream.platform} · {plain(upstream.external_id)}"


def _ask_lines(
    door: DevelopersDoor, asks: list[Ask], tallies: dict[AskId, AskTally], *, unlinked: dict[AskId, int], lang: Lang
) -> list[AskLine]:
    shown = zip(asks, ask_views(door.catalogue, asks, lang), strict=True)
    return [
        AskLine(view, ask.wire_name, tallies.get(ask.id, AskTally()), unlinked.get(ask.id, 0)) for ask, view in shown
    ]


def _state(app: App) -> AppState:
    if app.state is Known.SUSPENDED:
        return "suspended"
    return "reviewed" if app.is_reviewed else "unreviewed"
