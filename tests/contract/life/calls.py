"""The ways in which an app calls, what each must show the platform, and what of the answer is whose.

Written down from the catalogue's texts, by ask and by hand: the catalogue and its filter are what is judged here.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import parse_qs, quote

from gateway.sandbox.zalo.seeds import BAKERY
from gateway.terms.ids import AskId
from tests.contract.steps import CHAT, NAME, PHONE, PROFILE, SEND

USERS = tuple(follower.user_id for follower in BAKERY.followers[:3])
_ENVELOPE = frozenset({"error", "message"})


@dataclass(frozen=True, slots=True)
class Seen:
    """One request as the platform saw it: the path without its version's host, and whom it names."""

    method: str
    path: str
    user: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a call: what the platform received, the fields that the app got to see, why it got none."""

    arrived: tuple[Seen, ...]
    shown: frozenset[str]
    code: str | None

    @classmethod
    def refused(cls, code: str, *arrived: Seen) -> Self:
        """Return that of a call that was not answered with anything of the account's."""
        return cls(arrived, frozenset(), code)


@dataclass(frozen=True, slots=True)
class Way:
    """One way to call.

    Args:
        method, path: of the platform's API.
        opened_by: the asks of which any one opens it.
        shows: the fields of the answer by whose they are, None: with the route itself.
        sends: what goes in the query, or in the body of a POST; `user_id` is filled in.
    """

    method: str
    path: str
    opened_by: frozenset[AskId]
    shows: Mapping[AskId | None, str] = field(repr=False)
    sends: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def target(self, user: str) -> str:
        """Return where the app sends it."""
        is_query = self.sends and self.method == "GET"
        return f"/zalo{self.path}" + (f"?data={quote(json.dumps(self._filled(user)))}" if is_query else "")

    def body(self, user: str) -> Any:
        """Return the JSON that the app sends, None for none."""
        return self._filled(user) if self.method == "POST" else None

    def seen(self, user: str) -> Seen:
        """Return what must reach the platform."""
        return Seen(self.method, self.path, _named(self._filled(user)))

    def shown(self, live: Collection[AskId]) -> frozenset[str]:
        """Name the fields that an app with these asks sees."""
        open_fields = [fields for ask, fields in self.shows.items() if ask is None or ask in live]
        return _ENVELOPE | frozenset(name for fields in open_fields for name in fields.split())

    def _filled(self, user: str) -> Any:
        return json.loads(json.dumps(self.sends).replace("USER", user))


def seen_in(method: str, target: str, body: str) -> Seen:
    """Read what the platform recorded of a request."""
    path, _, query = target.partition("?")
    raw = parse_qs(query).get("data", ["{}"])[0] if method == "GET" else body
    return Seen(method, path, _named(json.loads(raw) if raw.startswith("{") else {}))


def list_fields(value: object, prefix: str = "") -> frozenset[str]:
    """Name the leaves of an answer; the rows of a list share their names."""
    if isinstance(value, dict):
        return frozenset().union(*(list_fields(each, f"{prefix}.{name}") for name, each in value.items()))
    if isinstance(value, list):
        return frozenset().union(*(list_fields(each, f"{prefix}[]") for each in value))
    return frozenset({prefix.removeprefix(".")})


def _named(sent: Mapping[str, Any]) -> str | None:
    user = sent.get("recipient", sent).get("user_id")
    return None if user is None else str(user)


_ROWS: Mapping[AskId | None, str] = {
    None: "data[].src data[].from_id data[].to_id",
    CHAT: "data[].message_id data[].time data[].type data[].message",
    NAME: "data[].from_display_name data[].from_avatar data[].to_display_name data[].to_avatar",
}
_PAGE: Mapping[AskId | None, str] = {None: "data.total data.count data.offset data.users[].user_id"}

WAYS: Mapping[str, Way] = {
    "profile": Way(
        "GET",
        "/v2.0/oa/getoa",
        frozenset({PROFILE}),
        {
            PROFILE: "data.oa_id data.name data.description data.oa_alias data.is_verified data.oa_type"
            " data.cate_name data.num_follower data.avatar data.cover"
        },
    ),
    "list": Way(
        "GET",
        "/v3.0/oa/user/getlist",
        frozenset({NAME, PHONE}),
        _PAGE,
        {"offset": 0, "count": 5, "is_follower": "true"},
    ),
    "names and phones": Way(
        "GET",
        "/v3.0/oa/user/detail",
        frozenset({NAME, PHONE}),
        {
            None: "data.user_id data.user_is_follower",
            NAME: "data.display_name data.user_alias data.avatar data.avatars.120 data.avatars.240"
            " data.shared_info.name",
            PHONE: "data.shared_info.phone",
        },
        {"user_id": "USER"},
    ),
    "send": Way(
        "POST",
        "/v3.0/oa/message/cs",
        frozenset({SEND}),
        {
            None: "data.user_id",
            SEND: "data.message_id data.sent_time data.quota.quota_type",
        },
        {"recipient": {"user_id": "USER"}, "message": {"text": "Chào bạn (mẫu)"}},
    ),
    "recent chats": Way("GET", "/v2.0/oa/listrecentchat", frozenset({CHAT}), _ROWS, {"offset": 0, "count": 5}),
    "one chat": Way(
        "GET", "/v2.0/oa/conversation", frozenset({CHAT}), _ROWS, {"user_id": "USER", "offset": 0, "count": 5}
    ),
    "tags, which nobody asked for": Way("GET", "/v2.0/oa/tag/gettagsofoa", frozenset(), {None: "data[]"}),
}

TELLING = ("profile", "names and phones", "one chat", "send")
"""What these show tells, between them, of each ask whether it is live."""
