"""The pages that call the gateway: `/followers`, `/chat`, `/send`, and `/me` for a person's own account."""

from collections.abc import Mapping

from aiohttp import web

from gateway.sandbox.sample_app import calls
from gateway.sandbox.sample_app.calls import Account
from gateway.sandbox.sample_app.replies import members, rows
from gateway.sandbox.sample_app.rows import follower_row, message_rows
from gateway.sandbox.sample_app.shop import SHOP, Shop

FORM = "application/x-www-form-urlencoded"
OWN_SITES = {"same-origin", "none"}


async def show_followers(request: web.Request) -> web.Response:
    """The customer table: a list call and one detail call for each row."""
    shop = request.app[SHOP]
    account = _find_account(shop, request.query)
    if account is None:
        return _not_connected(shop)
    offset = request.query.get("offset", "0")
    replies = await calls.list_followers(account, int(offset) if offset.isdecimal() else 0)
    listed = rows(members(replies.listed.data).get("users"))
    return _render(
        account,
        "followers.html",
        reply=replies.listed,
        refused=next((reply for reply in [replies.listed, *replies.details] if not reply.is_ok), None),
        withheld=next((reply.withheld for reply in replies.details if reply.withheld), ""),
        raw=replies.raw(),
        tags=await calls.list_tags(account) if replies.listed.is_ok else [],
        followers=[follower_row(user, detail) for user, detail in zip(listed, replies.details, strict=True)],
    )


async def show_chat(request: web.Request) -> web.Response:
    """The newest messages and a form to answer."""
    shop = request.app[SHOP]
    account = _find_account(shop, request.query)
    if account is None:
        return _not_connected(shop)
    reply = await calls.list_recent_chat(account)
    messages = message_rows(reply)
    customers = {message.customer: message.name for message in messages if message.customer}
    return _render(account, "chat.html", reply=reply, messages=messages, customers=customers)


async def show_me(request: web.Request) -> web.Response:
    """What a person let this app read of their own account; the picture's address, as pages here load nothing else."""
    shop = request.app[SHOP]
    account = _find_account(shop, request.query)
    if account is None or account.app.platform != "zalosocial":
        return _not_connected(shop)
    reply = await account.get_me("id", "name", "picture")
    picture = members(members(reply.whole.get("picture")).get("data")).get("url")
    return _render(account, "me.html", reply=reply, picture=picture)


async def send_message(request: web.Request) -> web.Response:
    """Send a text and show what came back; a form of a foreign page is refused."""
    shop = request.app[SHOP]
    if request.headers.get("Sec-Fetch-Site", "none") not in OWN_SITES:
        raise web.HTTPForbidden(text="this form was not sent from here\n")
    if request.content_type != FORM:
        raise web.HTTPUnsupportedMediaType(text="send a form\n")
    form = {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
    account = _find_account(shop, {**request.query, **form})
    if account is None:
        return _not_connected(shop)
    reply = await calls.send_message(account, form.get("user_id", ""), text=form.get("text", ""))
    return _render(account, "sent.html", reply=reply, user_id=form.get("user_id", ""))


def _find_account(shop: Shop, asked: Mapping[str, str]) -> Account | None:
    """The account that `app` and `account` name; without `app` the first client, without `account` the newest."""
    app = shop.config.find_app(asked["app"]) if "app" in asked else shop.config.apps[0]
    connection = shop.connections.find(app.client_id, asked.get("account")) if app else None
    return Account(shop, app, connection) if app and connection else None


def _render(account: Account, template: str, **values: object) -> web.Response:
    connection = account.connection
    page = {"app": account.app, "account": connection.account, "account_name": connection.name, **values}
    return account.shop.pages.render(template, 200, **page)


def _not_connected(shop: Shop) -> web.Response:
    text = "Ứng dụng chưa được kết nối với tài khoản này. Kết nối từ trang chính rồi quay lại."
    return shop.pages.render("notice.html", 404, app=None, account="", title="Chưa kết nối", text=text, detail="")
