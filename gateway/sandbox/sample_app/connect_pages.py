"""The way through the gateway and back: `/`, `/connect`, `/callback`."""

from collections.abc import Mapping
from contextlib import suppress
from urllib.parse import urlencode

from aiohttp import web

from gateway.sandbox.sample_app.calls import Account, read_name
from gateway.sandbox.sample_app.config import ClientConfig
from gateway.sandbox.sample_app.connections import Connection, Token
from gateway.sandbox.sample_app.metadata import ServerMetadata
from gateway.sandbox.sample_app.shop import SHOP, Shop
from gateway.sandbox.sample_app.trouble import ExchangeRefused, GatewayUnreachable
from gateway.sandbox.sample_app.visitors import COOKIE, Pending

DESCRIPTIONS = {"required permission not given": "bạn để trống một mục bắt buộc, nên không mục nào được cấp."}
DENIED = "access_denied"
WORDS: Mapping[str, Mapping[str, str]] = {
    "account": {"zalo": "OA", "zalosocial": "tài khoản Zalo"},
    "connect": {"zalo": "Kết nối Zalo OA", "zalosocial": "Nối tài khoản Zalo của bạn"},
}
MOST_SHOWN = 5


async def show_home(request: web.Request) -> web.Response:
    """List the clients, the link that connects each, and what is connected."""
    shop = request.app[SHOP]
    connected = [(app, shop.connections.list_of(app.client_id)) for app in shop.config.apps]
    told = {app.client_id: shop.inbox.list_of(app.client_id)[:MOST_SHOWN] for app in shop.config.apps}
    return shop.pages.render(
        "home.html",
        app=None,
        account="",
        connected=connected,
        told=told,
        fresh=request.query.get("connected"),
        words=WORDS,
    )


async def start_connect(request: web.Request) -> web.Response:
    """Send the browser to the gateway's consent, bound to this browser by cookie and state."""
    shop = request.app[SHOP]
    app = shop.config.find_app(request.query.get("app", ""))
    if app is None:
        return _notice(
            shop, 404, title="Không có ứng dụng này", text="Đường dẫn nêu một ứng dụng mà trang này không có."
        )
    visitor = request.cookies.get(COOKIE) or shop.visitors.new_visitor()
    state, verifier = shop.visitors.start(visitor, app.client_id)
    metadata = await shop.metadata.get()
    scope = request.query.get("scope") or None
    url = shop.registration(app).authorize_url(metadata, state=state, verifier=verifier, scope=scope)
    answer = web.Response(status=303, headers={"Location": url, "Cache-Control": "no-store"})
    answer.set_cookie(COOKIE, visitor, httponly=True, samesite="Lax", secure=request.scheme == "https", path="/")
    return answer


async def finish_connect(request: web.Request) -> web.Response:
    """Take the gateway's answer: checks whose it is before it looks at what it says."""
    shop = request.app[SHOP]
    pending = shop.visitors.take(request.cookies.get(COOKIE, ""), request.query.get("state", ""))
    app = shop.config.find_app(pending.client_id) if pending else None
    if pending is None or app is None:
        text = "Trang này không chờ câu trả lời nào như vậy, nên đã bỏ qua nó. Hãy bắt đầu kết nối lại từ trang chính."
        return _notice(shop, 400, title="Phiên kết nối không khớp", text=text)
    metadata = await shop.metadata.get()
    if not _is_from(metadata, request.query.get("iss")):
        text = "Câu trả lời không đến từ cổng mà ứng dụng đã hỏi, nên không có gì được đổi lấy."
        return _notice(shop, 400, title="Nơi trả lời không khớp", text=text)
    if "error" in request.query:
        return _show_error(shop, app, query=request.query)
    return await _redeem(shop, app, pending=pending, code=request.query.get("code", ""))


async def _redeem(shop: Shop, app: ClientConfig, *, pending: Pending, code: str) -> web.Response:
    metadata = await shop.metadata.get()
    try:
        token = await shop.registration(app).redeem(metadata, code=code, verifier=pending.verifier)
    except ExchangeRefused as refusal:
        text = f"Cổng không đổi mã lấy quyền truy cập ({refusal.error}). Hãy kết nối lại."
        return _notice(shop, 400, title="Chưa kết nối được", text=text)
    accounts = list_accounts(token)
    if not accounts:
        return _notice(shop, 502, title="Chưa kết nối được", text="Cổng không nói quyền này là của tài khoản nào.")
    for account in accounts:
        connection = Connection(client_id=app.client_id, account=account, token=token, connected_at=shop.clock.now())
        await shop.connect(connection)
        with suppress(GatewayUnreachable):  # it is connected all the same, under its number
            shop.connections.rename(connection, await read_name(Account(shop, app, connection)))
    home = "/?" + urlencode({"connected": accounts[0]})
    return web.Response(status=303, headers={"Location": home, "Cache-Control": "no-store"})


def list_accounts(token: Token) -> list[str]:
    """The accounts that a token answer names, each once (RFC 9396 `authorization_details` of type `quyen_ask`)."""
    details = token.get("authorization_details")
    entries = [entry for entry in details if isinstance(entry, dict)] if isinstance(details, list) else []
    named = [entry.get("account") for entry in entries if entry.get("type") == "quyen_ask"]
    return list(dict.fromkeys(account for account in named if isinstance(account, str)))


def _is_from(metadata: ServerMetadata, iss: str | None) -> bool:
    """RFC 9207, 2.4: where the server promises `iss` it must be there, and it must always be the server's own."""
    if iss is None:
        return not metadata.authorization_response_iss_parameter_supported
    return iss == metadata.issuer


def _show_error(shop: Shop, app: ClientConfig, *, query: Mapping[str, str]) -> web.Response:
    """A refusal is a person's right: calm, and with the way back. Anything else names its code."""
    if query["error"] == DENIED:
        text = f"{app.name} chưa được cấp quyền nào mới. Những gì đang có giữ nguyên. Bạn có thể kết nối lại lúc khác."
        return _notice(shop, 200, title="Bạn đã không đồng ý", text=text, detail=_told(query))
    text = f"Cổng trả về mã {query['error']}."
    return _notice(shop, 400, title="Chưa kết nối được", text=text, detail=_told(query))


def _told(query: Mapping[str, str]) -> str:
    """Say what the gateway's description means; one that this app does not know stands as it came."""
    description = query.get("error_description", "")
    return DESCRIPTIONS.get(description, description)


def _notice(shop: Shop, status: int, *, title: str, text: str, detail: str = "") -> web.Response:
    return shop.pages.render("notice.html", status, app=None, account="", title=title, text=text, detail=detail)
