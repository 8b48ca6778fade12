"""What the tables show of an answer, also where the gateway left members out."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from gateway.sandbox.sample_app.replies import Reply, members, rows

HANOI = timezone(timedelta(hours=7))


@dataclass(frozen=True)
class FollowerRow:
    """One line of the customer table; what was not given is an empty text, the name `Khách` and the id."""

    user_id: str
    name: str
    phone: str
    address: str


@dataclass(frozen=True)
class MessageRow:
    """One message; `customer` is the follower's id, whoever spoke."""

    customer: str
    name: str
    is_from_customer: bool
    text: str
    at: str


def follower_row(listed: dict[str, Any], detail: Reply) -> FollowerRow:
    """Lay out one follower. Zalo writes the phone as a number, as a text, as 0 for none, or not at all."""
    data = members(detail.data)
    shared = members(data.get("shared_info"))
    address = [shared.get(name) for name in ("address", "district", "city")]
    user_id = str(listed.get("user_id", ""))
    return FollowerRow(
        user_id=user_id,
        name=str(data.get("display_name") or f"Khách {user_id}"),
        phone=str(shared.get("phone") or ""),
        address=", ".join(str(part) for part in address if part),
    )


def message_rows(reply: Reply) -> list[MessageRow]:
    """Lay out a chat, oldest first, as people read."""
    return [_message_row(row) for row in reversed(rows(reply.data))]


def _message_row(row: dict[str, Any]) -> MessageRow:
    is_from_customer = row.get("src") == 1
    side = "from" if is_from_customer else "to"
    return MessageRow(
        customer=str(row.get(f"{side}_id") or ""),
        name=str(row.get(f"{side}_display_name") or ""),
        is_from_customer=is_from_customer,
        text=str(row.get("message") or ""),
        at=_moment(row.get("time")),
    )


def _moment(milliseconds: object) -> str:
    if not isinstance(milliseconds, int):
        return ""
    try:
        at = datetime.fromtimestamp(milliseconds / 1000, UTC).astimezone(HANOI)
    except (ValueError, OverflowError, OSError):
        return ""
    return f"{at:%d/%m/%Y %H:%M}"
