"""Each endpoint of the catalogue with a good call of it: what the tests of every endpoint run through."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from gateway.sandbox.zalo.endpoints.leads import form_of
from gateway.sandbox.zalo.seeds import BAKERY
from tests.stand_ins.clock import START

ONE, TWO = BAKERY.followers[0].user_id, BAKERY.followers[1].user_id


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One good call.

    Args:
        route: the route's id.
        method, path: as the platform has them.
        scopes: any one of these is enough for this call.
        sent: its parameters: the JSON of `data` for a GET, the body for a POST.
        people: how many people it is about, as the trace counts them.
    """

    route: str
    method: str
    path: str
    scopes: tuple[str, ...]
    sent: Mapping[str, Any] = field(default_factory=dict)
    people: int = 0

    def target(self, **more: object) -> str:
        """Return the target below the API origin."""
        if self.method == "POST" or not (self.sent or more):
            return f"/zalo{self.path}"
        return f"/zalo{self.path}?data={quote(json.dumps({**self.sent, **more}))}"

    def options(self, **more: object) -> dict[str, Any]:
        """Return what a client sends beside the target."""
        return {"json": {**self.sent, **more}} if self.method == "POST" else {}


THREE = BAKERY.followers[3].user_id
CUSTOM = tuple(f"zalo.follower.{one}.read" for one in ("name", "phone", "address", "birth", "code", "source"))
DETAIL = (*CUSTOM, *(f"zalo.follower.{one}.read" for one in ("tag", "note", "activity")))
NOW = int(START.timestamp())
ARTICLE = {"media_type": "article", "attachment_id": "4402c73f7e7a9724ce6b"}
ARTICLES = {"type": "template", "payload": {"template_type": "media", "elements": [ARTICLE]}}
FOLLOWERS = (*DETAIL, "zalo.follower.custom.read")
ENDPOINTS = (
    Endpoint("getoa", "GET", "/v2.0/oa/getoa", ("zalo.profile.read",)),
    Endpoint("list_followers", "GET", "/v3.0/oa/user/getlist", FOLLOWERS, {"offset": 0, "count": 2}, people=2),
    Endpoint("view_follower", "GET", "/v3.0/oa/user/detail", DETAIL, {"user_id": ONE}, people=1),
    Endpoint(
        "send_message",
        "POST",
        "/v3.0/oa/message/cs",
        ("zalo.message.send",),
        {"recipient": {"user_id": ONE}, "message": {"text": "Chào bạn (mẫu)"}},
        people=1,
    ),
    Endpoint(
        "send_template",
        "POST",
        "/v3.0/oa/message/template",
        ("zalo.template.send",),
        {"user_id": ONE, "template_id": "400001", "template_data": {"ten": "Khách (mẫu)", "ma_don": 7}},
        people=1,
    ),
    Endpoint(
        "view_conversation",
        "GET",
        "/v2.0/oa/conversation",
        ("zalo.message.read",),
        {"user_id": TWO, "offset": 0, "count": 1},
        people=1,
    ),
    Endpoint(
        "view_custom_fields",
        "GET",
        "/v3.0/oa/user/detail/custominfo",
        (*CUSTOM, "zalo.follower.custom.read"),
        {"user_id": ONE, "fields_to_export": ["name", "phone"]},
        people=1,
    ),
    Endpoint(
        "update_follower",
        "POST",
        "/v3.0/oa/user/update",
        ("zalo.follower.alias.write",),
        {"user_id": THREE, "user_alias": "Khách quen (mẫu)", "user_external_id": "KH-7"},
        people=1,
    ),
    Endpoint(
        "update_follower",
        "POST",
        "/v3.0/oa/user/update",
        ("zalo.follower.contact.write",),
        {"user_id": THREE, "shared_info": {"name": "Khách (mẫu)", "phone": "84000000199", "user_dob": "31/12/1999"}},
        people=1,
    ),
    Endpoint(
        "update_custom_fields",
        "POST",
        "/v3.0/oa/user/update/custominfo",
        ("zalo.follower.contact.write",),
        {"user_id": THREE, "gender": "Nữ", "full_address": {"user_city_id": "79", "user_address": "1 Phố Mẫu"}},
        people=1,
    ),
    Endpoint(
        "update_custom_fields",
        "POST",
        "/v3.0/oa/user/update/custominfo",
        ("zalo.follower.custom.write",),
        {"user_id": THREE, "custom_info": {"diem_number": 2500, "don_table": {"ma": "D1"}, "quen_boolean": True}},
        people=1,
    ),
    Endpoint(
        "update_custom_fields",
        "POST",
        "/v3.0/oa/user/update/custominfo",
        ("zalo.follower.alias.write",),
        {"user_id": THREE, "user_external_id": "KH-8"},
        people=1,
    ),
    Endpoint(
        "delete_follower_data",
        "POST",
        "/v2.0/oa/deletefollowerinfo",
        ("zalo.follower.data.delete",),
        {"user_id": THREE},
        people=1,
    ),
    Endpoint(
        "send_by_old_way",
        "POST",
        "/v2.0/oa/message",
        ("zalo.broadcast.send",),
        {"recipient": {"target": {"gender": "0", "cities": 4}}, "message": {"attachment": ARTICLES}},
    ),
    Endpoint(
        "send_by_old_way",
        "POST",
        "/v2.0/oa/message",
        ("zalo.message.send",),
        {"recipient": {"anonymous_id": "an_1", "conversation_id": "c-1"}, "message": {"text": "Chào (mẫu)"}},
        people=1,
    ),
    Endpoint(
        "list_leads",
        "GET",
        "/v2.0/oa/form/get",
        ("zalo.lead.read",),
        {"form_id": form_of(BAKERY), "from_time": NOW - 86_400, "to_time": NOW, "offset": 0, "limit": 200},
        people=2,
    ),
    Endpoint(
        "ask_to_call",
        "POST",
        "/v2.0/oa/call/requestconsent",
        ("zalo.call.ask",),
        {"phone": "84000000101", "call_type": "audio", "reason_code": 101},
        people=1,
    ),
    Endpoint("list_tags", "GET", "/v2.0/oa/tag/gettagsofoa", ("zalo.tag.read",)),
    Endpoint(
        "tag_follower",
        "POST",
        "/v2.0/oa/tag/tagfollower",
        ("zalo.tag.write",),
        {"user_id": TWO, "tag_name": "Nhãn thử (mẫu)"},
        people=1,
    ),
    Endpoint(
        "untag_follower",
        "POST",
        "/v2.0/oa/tag/rmfollowerfromtag",
        ("zalo.tag.write",),
        {"user_id": TWO, "tag_name": "Nhãn thử (mẫu)"},
        people=1,
    ),
    Endpoint("delete_tag", "POST", "/v2.0/oa/tag/rmtag", ("zalo.tag.write",), {"tag_name": "Nhãn thử (mẫu)"}),
    Endpoint("view_quota", "POST", "/v3.0/oa/quota/message", ("zalo.message.read",), {"user_id": ONE}, people=1),
    Endpoint(
        "view_quota",
        "POST",
        "/v3.0/oa/quota/message",
        ("zalo.quota.read",),
        {"quota_owner": "OA", "product_type": "cs", "quota_type": "sub_quota"},
    ),
)
