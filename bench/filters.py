"""The answer filter beside one that anybody would write: parse, pick from dictionaries, write, with orjson."""

import json
import statistics
import time
from collections.abc import Callable
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table

from scopes import Answer, load_catalogue

FOLLOWER: dict[str, Any] = {
    "user_id": "2468135790123456789",
    "user_id_by_app": "9988776655443322110",
    "user_external_id": "",
    "display_name": "Nguyễn Thị Bưởi (mẫu)",
    "user_alias": "Chị Bưởi (mẫu)",
    "is_sensitive": False,
    "user_last_interaction_date": "04/10/2025",
    "user_is_follower": True,
    "avatar": "https://anh.example/240.jpg",
    "avatars": {"120": "https://anh.example/120.jpg", "240": "https://anh.example/240.jpg"},
    "dynamic_param": "x" * 240,
    "tags_and_notes_info": {"notes": ["giao buổi sáng"], "tag_names": ["khách quen"]},
    "shared_info": {
        "address": "1 phố Mẫu",
        "city": "Hà Nội",
        "district": "",
        "phone": 84000000001,
        "name": "Bưởi (mẫu)",
    },
}
MESSAGE: dict[str, Any] = {
    "src": 1,
    "time": 1626926349402,
    "type": "text",
    "message": "Cho mình hỏi đơn hàng hôm qua đã gửi chưa ạ? " * 2,
    "message_id": "63ec0000000000000001",
    "to_id": "2511530240960241001",
    "from_display_name": "Nguyễn Thị Bưởi (mẫu)",
    "from_avatar": "https://anh.example/120.jpg",
    "to_display_name": "Tiệm (mẫu)",
    "to_avatar": "https://anh.example/c.jpg",
}
PEOPLE = [str(2468135790123456000 + number) for number in range(50)]
CALLS = 2000


def measure_filters(rounds: int) -> None:
    """Measure one thing of 1 KB, a list of 20 KB, and the same list with every person masked; CPU time, one process."""
    routes = load_catalogue().platforms["zalo"].routes
    one = json.dumps({"data": FOLLOWER, "error": 0, "message": "Success"}, ensure_ascii=False).encode()
    rows = [MESSAGE | {"from_id": person} for person in PEOPLE]
    many = json.dumps({"data": rows, "error": 0, "message": "Success"}, ensure_ascii=False).encode()
    detail, chats = routes["view_follower"].answer, routes["list_recent_chats"].answer
    account = {"2511530240960241001"}
    cases = {
        f"one follower, {len(one)} bytes": (_filter(detail, one, {*PEOPLE, FOLLOWER["user_id"]}), _pick(detail, one)),
        f"50 messages, {len(many)} bytes": (_filter(chats, many, account | {*PEOPLE}), _pick(chats, many)),
        "the same, 50 people masked": (_filter(chats, many, account), _pick(chats, many)),
    }
    table = Table(title=f"CPU of one answer's filter, {rounds} interleaved rounds of {CALLS}")
    for column in ("", "quyen us", "orjson us", "ratio"):
        table.add_column(column)
    for name, pair in cases.items():
        turns = [tuple(_cost(each) for each in pair) for _ in range(rounds)]
        own, peer = (statistics.median(column) for column in zip(*turns, strict=True))
        ratio = statistics.median(mine / other for mine, other in turns)
        table.add_row(name, f"{own:.1f}", f"{peer:.1f}", f"{ratio:.2f}")
    Console().print(table)


def _filter(answer: Answer, body: bytes, with_basis: set[str]) -> Callable[[], bytes]:
    scopes = answer.field_scopes | answer.opened_by
    return lambda: answer.open(body, scopes).render(with_basis).body


def _pick(answer: Answer, body: bytes) -> Callable[[], bytes]:
    """Return a filter by hand that keeps the same members, and neither judges what it reads nor knows any person."""
    kept = orjson.loads(answer.filter(body, answer.field_scopes | answer.opened_by).body)
    shape = _shape(kept)
    return lambda: orjson.dumps(_copy(orjson.loads(body), shape))


def _shape(kept: Any) -> Any:
    if isinstance(kept, dict):
        return {name: _shape(value) for name, value in kept.items()}
    return [_shape(kept[0])] if isinstance(kept, list) and kept else None


def _copy(value: Any, shape: Any) -> Any:
    if isinstance(shape, dict):
        return {name: _copy(value[name], inner) for name, inner in shape.items() if name in value}
    return [_copy(each, shape[0]) for each in value] if isinstance(shape, list) else value


def _cost(call: Callable[[], bytes]) -> float:
    before = time.process_time()
    for _ in range(CALLS):
        call()
    return (time.process_time() - before) / CALLS * 1e6
