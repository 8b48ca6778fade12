"""What the OA writes about its followers: `user/update`, `custominfo`, `deletefollowerinfo` (facts A3).

The platform's lists of cities and wards are not public: an id stands here for a place of that number.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from gateway.sandbox.zalo.errors import field_error
from gateway.sandbox.zalo.people import Contact
from gateway.sandbox.zalo.state import Card
from gateway.sandbox.zalo.visit import Visit

GENDERS = ("Nam", "Nữ", "Khác")
FIRST_YEAR = 1970
_DATE = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")
_SYSTEM = ("name", "phone", "user_dob", "gender", "full_address", "user_external_id", "dynamic_param")


def update_follower(visit: Visit) -> None:
    """Answer `/v3.0/oa/user/update`: only what is sent is changed."""
    follower, params = visit.follower(), visit.params
    card = visit.cards.find(visit.oa, follower)
    shared = _member(params, "shared_info")
    visit.cards.change(
        visit.oa,
        follower,
        alias=_text(params, "user_alias", card.alias),
        external_id=_text(params, "user_external_id", card.external_id),
        contact=_contact(card, shared, places=("city_id", "district_id")) if shared else card.contact,
    )


def erase_follower(visit: Visit) -> None:
    """Answer `/v2.0/oa/deletefollowerinfo`."""
    visit.cards.erase(visit.oa, visit.follower(), with_tags=visit.quirks.erases_tags)


def show_custom(visit: Visit) -> dict[str, object]:
    """Answer `/v3.0/oa/user/detail/custominfo`: every value is a text; without `fields_to_export`, all of them."""
    follower = visit.follower()
    card = visit.cards.find(visit.oa, follower)
    contact = card.contact or Contact("")
    address = {"user_city": contact.city, "user_ward": contact.district, "user_address": contact.address}
    system: dict[str, object] = {
        "name": contact.name,
        "phone": str(contact.phone or ""),
        "user_dob": contact.born,
        "gender": card.gender,
        "full_address": address if visit.quirks.full_address == "object" else ", ".join(filter(None, address.values())),
        "user_external_id": card.external_id,
        "dynamic_param": follower.came_by,
    }
    wanted = visit.params.get("fields_to_export")
    if wanted is None:
        return {**system, "custom_info": card.custom}
    if not isinstance(wanted, list):
        raise field_error("fields_to_export")
    custom = {name: value for name, value in card.custom.items() if name in wanted}
    return {**{name: system[name] for name in _SYSTEM if name in wanted}, "custom_info": custom}


def update_custom(visit: Visit) -> None:
    """Answer `/v3.0/oa/user/update/custominfo`: only what is sent is changed."""
    follower, params = visit.follower(), visit.params
    card = visit.cards.find(visit.oa, follower)
    gender = params.get("gender", card.gender)
    custom, address = _member(params, "custom_info"), _member(params, "full_address")
    if "gender" in params and gender not in GENDERS:
        raise field_error("gender")
    sent = {**params, **({"address": address["user_address"]} if "user_address" in address else {}), **address}
    is_contact = bool(address) or any(name in params for name in ("name", "phone", "user_dob"))
    visit.cards.change(
        visit.oa,
        follower,
        external_id=_text(params, "user_external_id", card.external_id),
        contact=_contact(card, sent, places=("user_city_id", "user_ward_id")) if is_contact else card.contact,
        gender=gender,
        custom={**card.custom, **{name: _as_texts(value) for name, value in custom.items()}},
    )


def _contact(card: Card, sent: Mapping[str, object], *, places: tuple[str, str]) -> Contact:
    contact, (city, district) = card.contact or Contact(""), places
    return replace(
        contact,
        name=_text(sent, "name", contact.name),
        phone=_phone(sent) if "phone" in sent else contact.phone,
        address=_text(sent, "address", contact.address),
        city=_place(sent, city) if city in sent else contact.city,
        district=_place(sent, district) if district in sent else contact.district,
        born=_born(sent) if "user_dob" in sent else contact.born,
    )


def _member(sent: Mapping[str, object], name: str) -> Mapping[str, object]:
    value = sent.get(name, {})
    if not isinstance(value, dict):
        raise field_error(name)
    return value


def _text(sent: Mapping[str, object], name: str, unchanged: str) -> str:
    value = sent.get(name, unchanged)
    if not isinstance(value, str):
        raise field_error(name)
    return value


def _phone(sent: Mapping[str, object]) -> int:
    digits = str(sent["phone"])
    if not digits.isdecimal():
        raise field_error("phone")
    return int(digits)


def _place(sent: Mapping[str, object], name: str) -> str:
    if not str(sent[name]).isdecimal():
        raise field_error(name)
    return f"Nơi số {sent[name]} (mẫu)"


def _born(sent: Mapping[str, object]) -> str:
    found = _DATE.fullmatch(str(sent["user_dob"]))
    try:
        is_known = found is not None and date(*(int(part) for part in reversed(found.groups()))).year >= FIRST_YEAR
    except ValueError:
        is_known = False
    if not is_known:
        raise field_error("user_dob")
    return str(sent["user_dob"])


def _as_texts(value: object) -> str | dict[str, str]:
    if isinstance(value, dict):
        return {name: str(one) for name, one in value.items()}
    return str(value).lower() if isinstance(value, bool) else str(value)
