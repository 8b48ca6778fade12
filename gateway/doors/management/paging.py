"""Lists, a page at a time: an opaque cursor in, the next one out, also as a link (RFC 8288)."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from aiohttp import web

from gateway.doors.management.door import ManagementDoor
from gateway.doors.management.problems import render_json
from gateway.ground.web.cursors import read_moment, write_moment
from gateway.terms.instants import write_instant
from gateway.terms.refusal import Refusal

LINES, MOST_LINES = 50, 100
_LIMIT = re.compile(r"[1-9][0-9]{0,2}")
Place = tuple[datetime, str]


def read_page(request: web.Request) -> tuple[int, Place | None]:
    """Read `limit` (1 to 100, else 50) and `cursor`.

    Raises:
        Refusal: `bad_target`: one of them is not what a list takes.
    """
    raw_limit, raw_cursor = request.query.get("limit", str(LINES)), request.query.get("cursor")
    before = None if raw_cursor is None else read_moment(raw_cursor)
    if raw_cursor is not None and before is None:
        raise Refusal("bad_target", "cursor is none of ours")
    if not _LIMIT.fullmatch(raw_limit) or int(raw_limit) > MOST_LINES:
        raise Refusal("bad_target", f"limit is 1 to {MOST_LINES}")
    return int(raw_limit), before


def render_page(
    door: ManagementDoor, request: web.Request, name: str, lines: Sequence[dict[str, Any]], *, last: Place | None
) -> web.Response:
    """Answer with a page; `last` is the place of its last line where more follow."""
    if last is None:
        return render_json({name: lines})
    cursor = write_moment(*last)
    link = f'<{door.public_url}{request.path}?cursor={cursor}&limit={read_page(request)[0]}>; rel="next"'
    return render_json({name: lines, "next_cursor": cursor}, headers={"Link": link})


def written(at: datetime | None) -> str | None:
    """Write a time as the notices do."""
    return None if at is None else write_instant(at)
