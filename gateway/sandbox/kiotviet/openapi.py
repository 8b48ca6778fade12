"""The API host: token, shop, the hour's limit, then the resource (facts B1, B2)."""

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

from aiohttp import web

from gateway.sandbox.calls import Call, first_values
from gateway.sandbox.kiotviet import reading, writing
from gateway.sandbox.kiotviet.errors import ORDERS_OFF, KiotError, refuse
from gateway.sandbox.kiotviet.lists import COLLECTIONS
from gateway.sandbox.kiotviet.reading import Visit
from gateway.sandbox.kiotviet.room import Room
from gateway.sandbox.kiotviet.shelf import Shelf
from gateway.sandbox.kiotviet.state import Row
from gateway.sandbox.kiotviet.telling import KINDS
from gateway.sandbox.kiotviet.wire import answer_json

OWN_FORM: Mapping[str, Callable[[Visit], Row]] = {
    "customers/group": reading.list_groups,
    "settings": reading.show_settings,
    "productOnHands": reading.list_on_hand,
}


def answer_call(room: Room, call: Call) -> web.Response:
    """Answer one call of a resource."""
    try:
        retailer = _check_access(room, call)
        if call.method == "GET":
            room.limit.count(retailer, room.clock.now(), limit=room.board.current.get_limit_per_hour)
        if call.path.startswith("/webhooks"):
            return answer_json(_answer_webhooks(room, retailer, call))
        shelf = Shelf(room.state.snapshot.shops[retailer], room.state, now=room.clock.now())
        answer = answer_json(_find_answer(Visit(shelf, first_values(call.query), room.board.current), call))
        for name, row in shelf.changes:
            if name in KINDS:
                what = "delete" if "removeId" in row else "update"
                room.teller.tell(retailer, f"{KINDS[name]}.{what}", [row])
        return answer
    except KiotError as error:
        return refuse(error, room.board.current)


def _answer_webhooks(room: Room, retailer: str, call: Call) -> Row:
    """`GET` and `POST /webhooks`, `GET` and `DELETE /webhooks/{id}`."""
    number = call.path.removeprefix("/webhooks").removeprefix("/")
    if number:
        act = {"GET": room.teller.find, "DELETE": room.teller.remove}.get(call.method)
        if act is not None:
            return act(retailer, number)
    elif call.method == "GET":
        return room.teller.list_all(retailer)
    elif call.method == "POST":
        return room.teller.add(retailer, _parse(call))
    raise KiotError("path", "Không có địa chỉ này")


def _check_access(room: Room, call: Call) -> str:
    """Judge the token, then the shop that the header names; returns the shop."""
    scheme, _, token = call.headers.get("Authorization", "").partition(" ")
    if scheme.casefold() != "bearer" or room.board.current.tokens_dead:
        raise KiotError("token", "Token không hợp lệ hoặc đã hết hạn")
    retailer = room.tokens.get_retailer(token)
    if call.headers.get("Retailer", "") != retailer and room.board.current.retailer_is_checked:
        raise KiotError("retailer", "Tên gian hàng không hợp lệ")
    return retailer


def _find_answer(visit: Visit, call: Call) -> Row:
    path = call.path.removeprefix("/")
    name, *rest = [unquote(segment) for segment in path.split("/")]
    if name == "orders" and visit.quirks.orders_off:
        raise KiotError("validation", ORDERS_OFF)
    if call.method == "GET":
        return _find_reading(visit, path, name=name, rest=rest)
    whole, write = writing.WHOLE.get((call.method, path)), writing.ONE.get((call.method, name))
    if whole is not None:
        return whole(visit, _parse(call))
    if write is None or len(rest) != 1:
        raise KiotError("path", "Không có địa chỉ này")
    return write(visit, rest[0], _parse(call) if call.method == "PUT" else {})


def _find_reading(visit: Visit, path: str, *, name: str, rest: list[str]) -> Row:
    if path in OWN_FORM:
        return OWN_FORM[path](visit)
    collection = COLLECTIONS.get(name)
    if collection is not None and not rest:
        return reading.list_rows(visit, name)
    place = {1: ("id", rest[-1:]), 2: (rest[0], rest[1:])}.get(len(rest)) if rest else None
    if collection is None or place is None or place[0] not in collection.details:
        raise KiotError("path", "Không có địa chỉ này")
    return reading.show_row(visit, name, field=place[0], value=place[1][0])


def _parse(call: Call) -> dict[str, Any]:
    try:
        body = json.loads(call.body)
    except (ValueError, RecursionError):
        raise KiotError("validation", "Nội dung không phải JSON") from None
    if not isinstance(body, dict):
        raise KiotError("validation", "Nội dung không phải một đối tượng")
    return body
