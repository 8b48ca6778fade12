"""The stand-ins' own front pages: what is here, and what arrived. For the person who runs the demo."""

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from urllib.parse import unquote

from aiohttp import web

from gateway.sandbox.pages import Pages
from gateway.sandbox.zalo.app import PREFIX, ROOM
from gateway.sandbox.zalo.received import Arrival
from gateway.sandbox.zalo.seeds import ACCOUNTS

PAGES = web.AppKey("front_pages", Pages)
SHOWN_ARRIVALS = 100
HANOI = timezone(timedelta(hours=7))
SECRET_HEADERS = {"access_token", "secret_key", "appsecret_proof", "authorization", "cookie"}


@dataclass(frozen=True)
class ArrivalRow:
    """One arrival as the page shows it: the target decoded, the time in Hanoi."""

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
    room = request.app.get(ROOM)
    linked = room.tokens.list_linked() if room else []
    accounts = [(account, account.oa_id in linked) for account in ACCOUNTS.values()] if room else []
    return request.app[PAGES].render("front.html", prefix=PREFIX, accounts=accounts)


async def show_received(request: web.Request) -> web.Response:
    """Show the newest arrivals; secrets are shortened, since pages are looked over shoulders."""
    room = request.app.get(ROOM)
    arrivals = room.received.list_after(0)[-SHOWN_ARRIVALS:] if room else []
    return request.app[PAGES].render("received.html", rows=[_row(arrival) for arrival in reversed(arrivals)])


async def show_static(request: web.Request) -> web.StreamResponse:
    """Serve the stylesheet."""
    found = request.app[PAGES].find_static(request.match_info["name"])
    if found is None:
        raise web.HTTPNotFound
    return found


def _row(arrival: Arrival) -> ArrivalRow:
    headers = [
        (name, _shorten(value) if name.lower() in SECRET_HEADERS else value) for name, value in arrival.headers.items()
    ]
    body = "(có bí mật, không hiện ở đây)" if "/access_token" in arrival.target and arrival.body else arrival.body
    at = datetime.fromisoformat(arrival.at).astimezone(HANOI)
    return ArrivalRow(arrival.n, at, arrival.method, unquote(arrival.target), headers, body)


def _shorten(secret: str) -> str:
    return f"{secret[:6]}… ({len(secret)} ký tự)"
