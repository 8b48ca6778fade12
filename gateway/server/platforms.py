"""The registry of platforms: which connectors these settings ask for. One without settings is absent."""

from aiohttp import ClientSession

from gateway.platforms import Connector
from gateway.platforms.kiotviet.connector import KiotVietConnector, KiotVietUpstream
from gateway.platforms.matrix.connector import MatrixConnector, MatrixUpstream
from gateway.platforms.zalo.connector import ZaloConnector, ZaloUpstream
from gateway.settings import Settings
from gateway.terms.clock import Clock


def own_apps(settings: Settings) -> dict[str, str]:
    """Return the ids of the gateway's own upstream apps, on the platforms that know such."""
    return {} if settings.platform.zalo is None else {"zalo": settings.platform.zalo.app_id}


def list_connectors(settings: Settings, http: ClientSession, clock: Clock) -> dict[str, Connector]:
    """Return the connectors by platform."""
    connectors: dict[str, Connector] = {}
    zalo, matrix, kiotviet = settings.platform.zalo, settings.platform.matrix, settings.platform.kiotviet
    if zalo is not None:
        upstream = ZaloUpstream(
            base_url=zalo.base_url,
            oauth_url=zalo.oauth_url,
            app_id=zalo.app_id,
            app_secret=zalo.app_secret.get_secret_value(),
            callback_url=f"{settings.public_url}/connections/zalo/callback",
        )
        connectors["zalo"] = ZaloConnector(upstream, http, clock=clock)
    if matrix is not None:
        connectors["matrix"] = MatrixConnector(MatrixUpstream(base_url=matrix.base_url), http, clock=clock)
    if kiotviet is not None:
        shops = KiotVietUpstream(base_url=kiotviet.base_url, oauth_url=kiotviet.oauth_url)
        connectors["kiotviet"] = KiotVietConnector(shops, http, clock=clock)
    return connectors
