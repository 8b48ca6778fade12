"""The stand-ins' own front pages: what is here, and what arrived. For the person who runs the demo."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from urllib.parse import unquote

from aiohttp import web

from gateway.sandbox.kiotviet import app as kiotviet
from gateway.sandbox.kiotviet.seeds import SHOPS
from gateway.sandbox.pages import Pages
from gateway.sandbox.received import Arrival
from gateway.sandbox.zalo import app as zalo
from gateway.sandbox.zalo.seeds import ACCOUNTS

PAGES = web.AppKey("front_pages", Pages)
SHOWN_ARRIVALS = 100
HANOI = timezone(timedelta(hours=7))
SECRET_HEADERS = {"access_token", "secret_key", "appsecret_proof", "authorization", "cookie"}
SECRET_BODIES = re.compile(r"/(oa/access_token|connect/token)$")


@dataclass(frozen=True)
class ArrivalRow:
    """One arrival as the page shows it: where it came, the target decoded, the time in Hanoi."""

    platform: str
    n: int
    at: datetime
    method: str
    target: str
    headers: list[tuple[str, str]]
    body: str


def add_front(app: web.Application) -> None:
    """Add the front pages to an application in which stand-ins are mounted."""
    app[PAGES] = Pages(Path(__file__).parent)
    app.router.add_get("/", show_front)
    app.router.add_get("/received", show_received)
    app.router.add_get("/static/{name}", show_static)


async def show_front(request: web.Request) -> web.Response:
    """List the stand-ins and who lives in them."""
    oas, shops = request.app.get(zalo.ROOM), request.app.get(kiotviet.ROOM)
    oa_linked = oas.tokens.list_linked() if oas else []
    shop_linked = shops.tokens.list_linked() if shops else set()
    keys = {key.retailer for key in shops.config.keys} if shops else set()
    return request.app[PAGES].render(
        "front.html",
        zalo_prefix=zalo.PREFIX,
        accounts=[(account, account.oa_id in oa_linked) for account in ACCOUNTS.values()] if oas else [],
        kiotviet_prefix=kiotviet.PREFIX,
        shops=[(shop, shop.retailer in shop_linked) for shop in SHOPS.values() if shop.retailer in keys],
    )


async def show_received(request: web.Request) -> web.Response:
    """Show the newest arrivals; secrets are shortened, since pages are looked over shoulders."""
    rooms = [("Zalo", request.app.get(zalo.ROOM)), ("KiotViet", request.app.get(kiotviet.ROOM))]
    rows = [_row(name, one) for name, room in rooms if room for one in room.received.list_after(0)[-SHOWN_ARRIVALS:]]
    rows.sort(key=lambda row: (row.at, row.n), reverse=True)
    return request.app[PAGES].render("received.html", rows=rows[:SHOWN_ARRIVALS])


async def show_static(request: web.Request) -> web.StreamResponse:
    """Serve the stylesheet."""
    found = request.app[PAGES].find_static(request.match_info["name"])
    if found is None:
        raise web.HTTPNotFound
    return found


def _row(platform: str, arrival: Arrival) -> ArrivalRow:
    headers = [
        (name, _shorten(value) if name.lower() in SECRET_HEADERS else value) for name, value in arrival.headers.items()
    ]
    body = "(có bí mật, không hiện ở đây)" if SECRET_BODIES.search(arrival.target) and arrival.body else arrival.body
    at = datetime.fromisoformat(arrival.at).astimezone(HANOI)
    return ArrivalRow(platform, arrival.n, at, arrival.method, unquote(arrival.target), headers, body)


def _shorten(secret: str) -> str:
    return f"{secret[:6]}… ({len(secret)} ký tự)"
