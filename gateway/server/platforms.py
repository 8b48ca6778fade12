"""The registry of platforms: which connectors these settings ask for. One without settings is absent."""

from collections.abc import Mapping
from dataclasses import replace

from aiohttp import ClientSession, ClientTimeout, DummyCookieJar

from gateway.doors.events.hooks import Point
from gateway.platforms import Connector, Hooks, Registrar
from gateway.platforms.kiotviet.connector import KiotVietConnector, KiotVietUpstream
from gateway.platforms.kiotviet.hooks import KiotVietHooks
from gateway.platforms.kiotviet.registrar import KiotVietRegistrar
from gateway.platforms.matrix.connector import MatrixConnector, MatrixUpstream
from gateway.platforms.zalo.connector import ZaloConnector, ZaloUpstream
from gateway.platforms.zalo.followers import ZaloFollowers
from gateway.platforms.zalo.hooks import ZaloHooks
from gateway.platforms.zalo.revocations import MiniApp
from gateway.platforms.zalo.social import ZaloSocialConnector
from gateway.settings import Settings
from gateway.settings.settings import ZaloSettings
from gateway.terms.clock import Clock

_TIMEOUT = ClientTimeout(total=20, connect=3)


def opened_http() -> ClientSession:
    """Return the session by which platforms are spoken to; it keeps no cookies, and whoever opens it closes it."""
    return ClientSession(timeout=_TIMEOUT, cookie_jar=DummyCookieJar(), auto_decompress=False, trust_env=False)


def own_apps(settings: Settings) -> dict[str, str]:
    """Return the ids of the gateway's own upstream apps, on the platforms that know such."""
    return {} if settings.platform.zalo is None else {"zalo": settings.platform.zalo.app_id}


def list_connectors(settings: Settings, http: ClientSession, clock: Clock) -> dict[str, Connector]:
    """Return the connectors by platform."""
    connectors: dict[str, Connector] = {}
    zalo, matrix, kiotviet = _zalo(settings), settings.platform.matrix, settings.platform.kiotviet
    social = _zalo_social(settings)
    if zalo is not None:
        connectors["zalo"] = ZaloConnector(zalo, http, clock=clock)
    if social is not None:
        connectors["zalosocial"] = ZaloSocialConnector(social, http, clock=clock)
    if matrix is not None:
        connectors["matrix"] = MatrixConnector(MatrixUpstream(base_url=matrix.base_url), http, clock=clock)
    if kiotviet is not None:
        shops = KiotVietUpstream(base_url=kiotviet.base_url, oauth_url=kiotviet.oauth_url)
        connectors["kiotviet"] = KiotVietConnector(shops, http, clock=clock)
    return connectors


def list_followers(settings: Settings, http: ClientSession) -> dict[str, ZaloFollowers]:
    """Return what tells followers apart, by platform: where the sign-in is of the app that accounts are linked by."""
    zalo, login = _zalo(settings), settings.zalo_login
    if zalo is None or login is None or login.app_id != zalo.app_id:
        return {}
    return {"zalo": ZaloFollowers(zalo, http, hears=bool(list_points(settings)))}


def _zalo(settings: Settings) -> ZaloUpstream | None:
    zalo = settings.platform.zalo
    if zalo is None:
        return None
    return ZaloUpstream(
        base_url=zalo.base_url,
        oauth_url=zalo.oauth_url,
        app_id=zalo.app_id,
        app_secret=zalo.app_secret.get_secret_value(),
        callback_url=f"{settings.public_url}/connections/zalo/callback",
    )


def _zalo_social(settings: Settings) -> ZaloUpstream | None:
    zalo, wanted = _zalo(settings), settings.platform.zalo
    if zalo is None or wanted is None or wanted.graph_url is None:
        return None
    callback_url = f"{settings.public_url}/connections/zalosocial/callback"
    return replace(zalo, base_url=wanted.graph_url, callback_url=callback_url)


def list_hooks(settings: Settings) -> dict[str, Hooks]:
    """Return how each platform that these settings ask for tells events; one that does not is absent."""
    zalo, kiotviet = settings.platform.zalo, settings.platform.kiotviet
    hooks: dict[str, Hooks] = {}
    if zalo is not None:
        hooks["zalo"] = ZaloHooks(zalo.app_id, zalo.hook_first_term, _mini_app(zalo))
    if kiotviet is not None:
        hooks["kiotviet"] = KiotVietHooks(kiotviet.hook_digest, kiotviet.hook_key)
    return hooks


def _mini_app(zalo: ZaloSettings) -> MiniApp | None:
    if zalo.mini_app_id is None or zalo.mini_app_key is None:
        return None
    return MiniApp(zalo.mini_app_id, zalo.mini_app_key.get_secret_value())


def list_registrars(connectors: Mapping[str, Connector], http: ClientSession) -> dict[str, Registrar]:
    """Return how platforms are asked to tell, for those that are asked through each connection."""
    kiotviet = connectors.get("kiotviet")
    return {} if kiotviet is None else {"kiotviet": KiotVietRegistrar(kiotviet, http)}


def list_points(settings: Settings) -> dict[tuple[str, str], Point]:
    """Return the addresses at which platforms tell: at Zalo one for each upstream app, where its key is known."""
    zalo = settings.platform.zalo
    if zalo is None or zalo.oa_secret_key is None:
        return {}
    return {("zalo", zalo.app_id): Point(zalo.oa_secret_key.get_secret_value(), zalo.app_id)}
