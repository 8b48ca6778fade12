"""One call of the open API as its endpoint sees it: whose token, which parameters, and how parameters are read."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from gateway.sandbox.calls import Call, first_values
from gateway.sandbox.zalo.cards import CardBook
from gateway.sandbox.zalo.chat import ChatBook
from gateway.sandbox.zalo.errors import OaError, field_error, too_many
from gateway.sandbox.zalo.files import FileShelf
from gateway.sandbox.zalo.forms import read_file
from gateway.sandbox.zalo.people import Follower, OfficialAccount
from gateway.sandbox.zalo.switches import Switches
from gateway.sandbox.zalo.telling import Teller

PLAIN = "/v2.0/oa/form/get"
NOT_JSON = OaError(-201, message="Data is not json format")


@dataclass(frozen=True)
class Visit:
    """A call whose token was accepted; `other_app`: of an app beside the first."""

    oa: OfficialAccount
    chat: ChatBook
    cards: CardBook
    files: FileShelf
    teller: Teller
    quirks: Switches
    now: datetime
    params: Mapping[str, object] = field(default_factory=dict)
    other_app: str | None = None

    def text(self, name: str) -> str:
        """A parameter that must be a text that is not empty."""
        value = self.params.get(name)
        if not isinstance(value, str) or not value:
            raise field_error(name)
        return value

    def number(self, name: str, *, maximum: int) -> int:
        """A parameter that must be a whole number from 0 to `maximum`; digits in a text count as one."""
        value = self.params.get(name)
        if isinstance(value, str) and value.isdecimal():
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise field_error(name)
        if value > maximum:
            raise too_many(name, maximum)
        return value

    def follower(self) -> Follower:
        """The follower that `user_id` names."""
        return self.get_follower(self.params.get("user_id"))

    def get_follower(self, user_id: object) -> Follower:
        """The follower with this id; raises -201 for what is no id and -213 for one who does not follow."""
        if not isinstance(user_id, str | int) or isinstance(user_id, bool) or not str(user_id).isdecimal():
            raise field_error("user_id")
        follower = self.oa.find_follower(str(user_id))
        if follower is None:
            raise OaError(-213)
        return follower


def parse_params(call: Call, quirks: Switches) -> dict[str, object]:
    """The parameters: the JSON or the one file of a POST's body, the JSON in `data` of a GET (without it, none)."""
    if call.method == "POST" and "/upload/" in call.path:
        return {"file": read_file(call.headers.get("Content-Type", ""), call.body)}
    values = first_values(call.query)
    if call.path == PLAIN and quirks.form_query != "data" and "data" not in values:
        return dict(values)
    if call.path == PLAIN and quirks.form_query == "plain":
        return {}
    raw: str | bytes = call.body if call.method == "POST" else values.get("data", "{}")
    try:
        params = json.loads(raw)
    except (ValueError, RecursionError):
        raise NOT_JSON from None
    if not isinstance(params, dict):
        raise NOT_JSON
    return params
