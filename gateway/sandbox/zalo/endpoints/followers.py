"""Followers: `user/getlist` and `user/detail` (facts A3, A4)."""

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone

from gateway.sandbox.zalo.errors import field_error
from gateway.sandbox.zalo.people import Contact, Follower
from gateway.sandbox.zalo.visit import Visit

LIMIT_OFFSET = 9951
LIMIT_COUNT = 50
HANOI = timezone(timedelta(hours=7))
SPAN = re.compile(r"(\d{4}_\d{2}_\d{2}):(\d{4}_\d{2}_\d{2})")

PERIODS: dict[str, Callable[[date], tuple[date, date]]] = {
    "TODAY": lambda today: (today, today),
    "YESTERDAY": lambda today: (today - timedelta(days=1), today - timedelta(days=1)),
    "L7D": lambda today: (today - timedelta(days=7), today),
    "L30D": lambda today: (today - timedelta(days=30), today),
}


def list_followers(visit: Visit) -> dict[str, object]:
    """Answer `/v3.0/oa/user/getlist`: ids only, a page of those that the filters leave."""
    offset, count = visit.number("offset", maximum=LIMIT_OFFSET), visit.number("count", maximum=LIMIT_COUNT)
    chosen = [follower for follower in visit.oa.followers if _is_chosen(visit, follower)]
    page = chosen[offset : offset + count]
    users = [{"user_id": follower.user_id} for follower in page]
    return {"total": len(chosen), "count": len(page), "offset": offset, "users": users}


def get_follower(visit: Visit) -> dict[str, object]:
    """Answer `/v3.0/oa/user/detail`, with the members that were captured on the live platform."""
    follower = visit.follower()
    card = visit.cards.find(visit.oa, follower)
    seen = visit.chat.last_interaction(visit.oa, follower).astimezone(HANOI)
    detail: dict[str, object] = {
        "user_id": follower.user_id,
        "user_id_by_app": follower.id_to(visit.other_app),
        "user_external_id": card.external_id,
        "display_name": follower.display_name,
        "user_alias": card.alias,
        "is_sensitive": follower.is_sensitive,
        "user_last_interaction_date": f"{seen:%d/%m/%Y}",
        "user_is_follower": True,
        "avatar": follower.avatar(120),
        "avatars": {"120": follower.avatar(120), "240": follower.avatar(240)},
        "dynamic_param": follower.came_by,
        "tags_and_notes_info": {"notes": _notes(visit, follower), "tag_names": list(card.tags)},
    }
    if card.contact is not None:
        detail["shared_info"] = _shared_info(card.contact, visit.quirks.phone)
    return detail


def _notes(visit: Visit, follower: Follower) -> list[object]:
    """What staff wrote; no source says what a note holds."""
    if visit.quirks.notes == "text":
        return list(follower.notes)
    written = str(int(visit.now.timestamp() * 1000))
    return [{"note_id": str(at), "content": text, "created_time": written} for at, text in enumerate(follower.notes)]


def _shared_info(contact: Contact, phone_form: str | None) -> dict[str, object]:
    shared: dict[str, object] = {
        "address": contact.address,
        "city": contact.city,
        "district": contact.district,
        "name": contact.name,
        "user_dob": contact.born,
    }
    if phone_form == "string":
        shared["phone"] = str(contact.phone or "")
    elif phone_form == "number":
        shared["phone"] = contact.phone or 0
    elif phone_form is None and contact.phone is not None:
        shared["phone"] = contact.phone
    return shared


def _is_chosen(visit: Visit, follower: Follower) -> bool:
    wanted_tag, wanted_follow = visit.params.get("tag_name"), visit.params.get("is_follower", "true")
    if wanted_follow not in ("true", "false"):
        raise field_error("is_follower")
    if wanted_follow == "false" or (
        wanted_tag is not None and wanted_tag not in visit.cards.find(visit.oa, follower).tags
    ):
        return False
    first, last = _period(visit)
    return first <= visit.chat.last_interaction(visit.oa, follower).astimezone(HANOI).date() <= last


def _period(visit: Visit) -> tuple[date, date]:
    wanted = visit.params.get("last_interaction_period")
    if wanted is None:
        return date.min, date.max
    if isinstance(wanted, str) and wanted in PERIODS:
        return PERIODS[wanted](visit.now.astimezone(HANOI).date())
    span = SPAN.fullmatch(wanted) if isinstance(wanted, str) else None
    if span is None:
        raise field_error("last_interaction_period")
    try:
        first, last = (datetime.strptime(day, "%Y_%m_%d").replace(tzinfo=HANOI).date() for day in span.groups())
    except ValueError:
        raise field_error("last_interaction_period") from None
    return first, last
