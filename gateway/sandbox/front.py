"""The stand-ins' own front pages: what is here, and what arrived. For the person who runs the demo."""

import json
import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from urllib.parse import unquote

from aiohttp import web

from gateway.sandbox.control_page import PathRow, SwitchRow, list_paths, list_switches
from gateway.sandbox.kiotviet import app as kiotviet
from gateway.sandbox.kiotviet.control import OWN as KIOTVIET_PATHS
from gateway.sandbox.kiotviet.seeds import SHOPS
from gateway.sandbox.pages import Pages
from gateway.sandbox.received import Arrival
from gateway.sandbox.zalo import app as zalo
from gateway.sandbox.zalo.control import OWN as ZALO_PATHS
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


@dataclass(frozen=True)
class StandIn:
    """One stand-in on the page of switches; `doing` is sent to `done_at` to make something happen."""

    name: str
    prefix: str
    example: str
    switches: list[SwitchRow]
    paths: list[PathRow]
    doing: str = ""
    done_at: str = ""


def add_front(app: web.Application) -> None:
    """Add the front pages to an application in which stand-ins are mounted."""
    app[PAGES] = Pages(Path(__file__).parent)
    app.router.add_get("/", show_front)
    app.router.add_get("/received", show_received)
    app.router.add_get("/switches", show_switches)
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


async def show_switches(request: web.Request) -> web.Response:
    """Show what can be switched and made to happen, with examples that work as they stand."""
    stand_ins = []
    if room := request.app.get(zalo.ROOM):
        oa = next(iter(ACCOUNTS.values()))
        doing = {"oa_id": oa.oa_id, "user_id": oa.followers[0].user_id, "text": "Chào shop"}
        rows = list_switches(room.board), list_paths(zalo.PREFIX, ZALO_PATHS.items())
        written = json.dumps(doing, ensure_ascii=False)
        stand_ins.append(StandIn("Zalo", zalo.PREFIX, '{"slow_seconds": 2}', *rows, written, "incoming"))
    if shop := request.app.get(kiotviet.ROOM):
        rows = list_switches(shop.board), list_paths(kiotviet.PREFIX, KIOTVIET_PATHS.items())
        stand_ins.append(StandIn("KiotViet", kiotviet.PREFIX, '{"orders_off": true}', *rows))
    origin = f"{request.scheme}://{request.host}"
    return request.app[PAGES].render("switches.html", stand_ins=stand_ins, origin=origin)


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
