"""The shipped catalogue keeps its promises: nothing opens without a scope, nothing is asked for without an effect."""

import re

import pytest

from scopes import Catalogue, Event, Route, Scope, Text, Wording, check, load_catalogue
from scopes.docs import walk_places
from scopes.trees import ANY, MARK, walk_leaves

CATALOGUE = load_catalogue()
ROUTES = [
    pytest.param(route, id=f"{platform.id}.{route.id}")
    for platform in CATALOGUE.platforms.values()
    for route in platform.routes.values()
]
EVENTS = [
    pytest.param(event, id=event.type)
    for platform in CATALOGUE.platforms.values()
    for event in platform.events.values()
]
SCOPES = [pytest.param(scope, id=scope.id) for scope in CATALOGUE.scopes.values()]
CREDENTIAL_HEADERS = {
    "authorization",
    "cookie",
    "access_token",
    "secret_key",
    "appsecret_proof",
    "retailer",
    "host",
    "connection",
}
VIETNAMESE = re.compile(r"[ăâđêôơưáàảãạắằẳẵặấầẩẫậéèẻẽẹếềểễệíìỉĩịóòỏõọốồổỗộớờởỡợúùủũụứừửữựýỳỷỹỵ]", re.IGNORECASE)


def test_catalogue_has_no_problem() -> None:
    """`quyen scopes check` is content with what is shipped."""
    assert check() == []


def test_promised_scopes_are_there() -> None:
    """The scope ids that apps, docs and issues name exist."""
    assert set(CATALOGUE.scopes) == {
        "zalo.profile.read",
        *(f"zalo.follower.{one}.read" for one in ("code", "tag", "note", "source", "activity")),
        "zalo.follower.name.read",
        "zalo.follower.phone.read",
        "zalo.follower.address.read",
        "zalo.message.read",
        "zalo.message.send",
        "zalo.tag.read",
        *(f"zalosocial.{one}.read" for one in ("id", "profile")),
        "kiotviet.customer.read",
        "kiotviet.customer.contact.read",
        "kiotviet.customer.birth.read",
        "kiotviet.customer.note.read",
        "kiotviet.customer.finance.read",
        "kiotviet.customer.write",
        "kiotviet.customer.contact.write",
        "kiotviet.customer.delete",
        *(f"kiotviet.{kind}.{one}" for kind in ("order", "invoice") for one in ("read", "write", "delete")),
        *(f"kiotviet.{kind}.delivery.{one}" for kind in ("order", "invoice") for one in ("read", "write")),
        "kiotviet.product.read",
        "kiotviet.product.cost.read",
        "kiotviet.product.write",
        "kiotviet.product.cost.write",
        "kiotviet.product.delete",
        "kiotviet.purchase.read",
        "kiotviet.supplier.read",
        "kiotviet.shop.read",
        "kiotviet.staff.read",
        "kiotviet.finance.read",
        "kiotviet.finance.party.read",
        "kiotviet.voucher.write",
        "zalo.follower.birth.read",
        "zalo.follower.custom.read",
        "zalo.follower.alias.write",
        "zalo.follower.contact.write",
        "zalo.follower.custom.write",
        "zalo.follower.data.delete",
        "zalo.media.send",
        "zalo.broadcast.send",
        "zalo.lead.read",
        "zalo.call.ask",
        "zalo.template.send",
        "zalo.tag.write",
        "zalo.quota.read",
        "matrix.profile.read",
        "matrix.room.read",
        "matrix.message.read",
        "matrix.message.send",
        "matrix.media.read",
        "matrix.media.send",
    }


@pytest.mark.parametrize("route", ROUTES)
def test_every_route_and_field_names_a_known_scope(route: Route) -> None:
    """A route is opened by scopes of its own platform, and so is each field."""
    known = set(CATALOGUE.platforms[route.platform_id].scopes)
    assert route.opened_by
    assert route.opened_by <= known
    assert route.field_scopes <= known
    assert {rule.scope for rule in route.query.keys.values()} - {None} <= known


@pytest.mark.parametrize("scope", SCOPES)
def test_every_scope_opens_something_or_says_that_the_app_enforces_it(scope: Scope) -> None:
    """No one is asked for a permission that has no effect here, unless the screen says so."""
    named = [one for platform in CATALOGUE.platforms.values() for one in platform.list_traced()]
    opens = any(scope.id in one.opened_by | one.field_scopes for one in named)
    assert opens == (scope.enforced_by == "gateway")


@pytest.mark.parametrize("route", ROUTES)
def test_every_opening_scope_shows_or_does_something(route: Route) -> None:
    """A scope that opens a reading route opens at least one of its fields, or what it opens is a file."""
    if route.kind == "write" or route.answer.root is None:
        return
    scopes = {leaf.scope for leaf in walk_leaves(route.answer.root)}
    listed_only = route.id in {"list_followers", "view_media_limits", "me"}  # ids, a number: the same for every opener
    assert listed_only or all(scope in scopes for scope in route.opened_by)


@pytest.mark.parametrize("scope", SCOPES)
def test_scope_texts_are_in_both_languages(scope: Scope) -> None:
    """Every text of a scope is there in Vietnamese and in English, and they are not the same text."""
    texts = [text for said in _wordings(scope) for text in _texts(said)] + [*scope.data_types]
    if scope.sensitive_because is not None:
        texts.append(scope.sensitive_because)
    assert_both_languages(texts)


KINDS = {
    ("email",): ("email", "liên hệ"),
    ("phone", "contactnumber", "mobilephone", "subnumber"): ("điện thoại", "liên hệ"),
    ("address", "city", "district", "user_address", "user_city", "user_ward", "locationname", "wardname"): (
        "địa chỉ",
        "liên hệ",
    ),
    ("birthdate", "user_dob"): ("ngày sinh",),
    ("gender",): ("giới tính",),
    ("avatar", "from_avatar", "to_avatar"): ("ảnh",),
    ("cover",): ("ảnh bìa",),
    ("location", "latitude", "longitude"): ("vị trí",),
    ("url", "thumb", "thumbnail", "size"): ("tệp", "ảnh", "trang web"),
    ("user_external_id",): ("mã khách hàng",),
    ("tag_names",): ("nhãn",),
    ("source", "dynamic_param"): ("đến từ",),
    ("user_last_interaction_date", "last_interaction"): ("tương tác",),
    ("user_consent",): ("lời đáp",),
    ("react_icon",): ("cảm xúc",),
    ("msg_ids",): ("đã xem",),
    ("submittime", "delivery_time", "sent_time"): ("giờ",),
    ("num_follower",): ("số người quan tâm",),
    ("is_verified",): ("xác thực",),
    ("organization",): ("công ty",),
    ("psidfacebook",): ("facebook",),
    ("taxcode",): ("mã số thuế",),
    ("comments", "note", "notes"): ("ghi chú",),
    ("partnername",): ("người nộp",),
    ("debt", "supplierdebt", "supplierolddebt"): ("công nợ",),
    ("bankaccount", "accountnumber"): ("tài khoản ngân hàng",),
    ("method",): ("thanh toán", "thu chi", "đã đổi"),
    ("username",): ("đăng nhập",),
    ("image", "images", "img"): ("ảnh",),
}
"""What people call a member, by its name in an answer or event: one of the words stands in the kinds of data."""


@pytest.mark.parametrize("scope", SCOPES)
def test_what_a_scope_opens_is_of_the_kinds_that_it_states(scope: Scope) -> None:
    """The screen names every kind of data that routes and events show by a scope; a new one without its word fails."""
    platform = CATALOGUE.platforms[scope.id.partition(".")[0]]
    answers = [route.answer for route in platform.routes.values()]
    roots = [answer.root for answer in (*answers, *(event.answer for event in platform.events.values()))]
    places = [pair for root in roots if root is not None for pair in walk_places(root)]
    opened = {place.replace("[]", "").split(".")[-1].casefold() for place, leaf in places if leaf.scope == scope.id}
    told = " ".join(kind.vi for kind in scope.data_types).casefold()
    unsaid = [names for names, kinds in KINDS.items() if opened & {*names} and not any(kind in told for kind in kinds)]
    assert unsaid == []


@pytest.mark.parametrize("scope", SCOPES)
def test_a_scope_by_which_apps_are_told_at_once_says_so(scope: Scope) -> None:
    """To be told when something happens is more than to look: the scope's own sentence says it, in both languages.

    That someone took their consent back is told by every scope that rests on it: no look at them, but its end.
    """
    platform = CATALOGUE.platforms[scope.id.partition(".")[0]]
    is_told = any(scope.id in event.opened_by and not event.ends_consent for event in platform.events.values())
    for said in _wordings(scope):
        assert ("được báo" in said.explanation.vi, "told" in said.explanation.en) == (is_told, is_told)


OTHERS = {
    "vi": (
        "người quan tâm",
        "từng người",
        "một người",
        "người đó",
        "người ấy",
        "khách",
        " oa",
        "thành viên",
    ),
    "en": ("follower", "each person", "one person", "the person", "customers'", "each customer", "the oa", "members"),
}
"""How a text speaks of people whose data it is, or of the account, to anybody else than one of these people."""
THEIR_OWN = re.compile("(mã|thông tin|nhóm|làm|danh sách) khách hàng|khách hàng của bạn")
"""What the person is at the shop, said to themself."""


@pytest.mark.parametrize("scope", SCOPES)
def test_what_is_said_to_the_person_speaks_of_nobody_else(scope: Scope) -> None:
    """Whoever reads about their own data reads "you" and "the shop", not what was written for the shop's owner."""
    if scope.to_self is None:
        assert scope.whose == "account"
        return
    said = [text for text in _texts(scope.to_self) if text not in _texts(scope)]
    assert {scope.to_self.name, scope.to_self.explanation} <= {*said}
    for text in _texts(scope.to_self):
        vi, en = THEIR_OWN.sub("", text.vi.casefold()), text.en.casefold()
        found = [word for word in OTHERS["vi"] if word in vi] + [word for word in OTHERS["en"] if word in en]
        assert found == [], text
    assert "bạn" in scope.to_self.explanation.vi
    assert "you" in scope.to_self.explanation.en


def _wordings(scope: Scope) -> list[Wording]:
    return [scope] if scope.to_self is None else [scope, scope.to_self]


def _texts(said: Wording) -> list[Text]:
    return [said.name, said.explanation, *said.can, *said.cannot]


@pytest.mark.parametrize("route", ROUTES)
def test_route_sentences_are_in_both_languages(route: Route) -> None:
    """The trace can say every call in both languages."""
    assert_both_languages([route.sentence])


@pytest.mark.parametrize("route", ROUTES)
def test_no_route_passes_a_credential_or_routing_header(route: Route) -> None:
    """Headers that carry a credential or steer a proxy never pass from an app to a platform."""
    assert not route.request_headers & CREDENTIAL_HEADERS
    assert not [name for name in route.request_headers if name.startswith(("x-", "forwarded", "sec-", "proxy-"))]
    assert not {"set-cookie", "location", "content-encoding"} & set(route.answer.headers)


@pytest.mark.parametrize("route", ROUTES)
def test_reading_is_get_and_writing_is_not(route: Route) -> None:
    """What the trace calls reading cannot change anything upstream; Zalo tells allowances by POST."""
    is_read = route.method == "GET" or route.id == "view_quota"
    assert is_read == (route.kind == "read")


@pytest.mark.parametrize("route", ROUTES)
def test_personal_fields_name_their_person(route: Route) -> None:
    """Data of a subject stands where the answer says whose it is, so that it can be masked for that person alone."""
    if route.answer.root is None:
        return
    for leaf in walk_leaves(route.answer.root):
        if leaf.scope not in {ANY, MARK} and not leaf.on_subject and not leaf.names_subject:
            is_nobodys = route.id in {"list_rooms", "view_room_name", "list_customer_groups"}
            is_sellers = leaf.scope == "kiotviet.staff.read"  # the person named beside a seller is the customer
            assert CATALOGUE.scopes[leaf.scope].whose == "account" or is_nobodys or is_sellers


@pytest.mark.parametrize("event", EVENTS)
def test_every_event_and_field_names_a_known_scope(event: Event) -> None:
    """An event is opened by scopes of its own platform, and so is each field; it says whose it is and to whom."""
    known = set(CATALOGUE.platforms[event.platform_id].scopes)
    assert event.opened_by
    assert event.scopes <= known
    assert event.accounts or event.platform_id == "kiotviet"  # its addresses are one for each account
    assert_both_languages([event.sentence])


@pytest.mark.parametrize("event", EVENTS)
def test_events_carry_personal_fields_only_where_they_name_their_person(event: Event) -> None:
    """Data of a subject stands in an event that says whose it is, so that it can be withheld for that person."""
    assert event.answer.root is not None
    for leaf in walk_leaves(event.answer.root):
        if leaf.scope != ANY and not leaf.on_subject:
            is_sellers = leaf.scope == "kiotviet.staff.read"  # as in answers
            assert CATALOGUE.scopes[leaf.scope].whose == "account" or is_sellers


@pytest.mark.parametrize("traced", [*ROUTES, *EVENTS])
def test_no_answer_or_event_carries_another_name_of_a_person(traced: Route | Event) -> None:
    """Ids by which other accounts know somebody, staff's own and national ones pass for nobody."""
    root = traced.answer.root
    places = {name for place, _ in (walk_places(root) if root else ()) for name in place.replace("[]", "").split(".")}
    assert not places & {"user_id_by_app", "admin_id", "app_id", "retailerId", "IdentificationNumber"}


def test_zalos_events_are_those_of_the_facts() -> None:
    """Every event of the facts is told, or is one of a group's, which the catalogue leaves out with a reason."""
    zalo = CATALOGUE.platforms["zalo"]
    names = {name for event in zalo.events.values() for name in event.names}
    left_out = {name for one in zalo.left_out for name in one.events}
    assert {name for name in left_out if "group" not in name} == set()
    assert left_out >= {
        "create_group",
        "user_join_group",
        "user_out_group",
        "update_group_info",
        "user_send_group_text",
    }
    sent = {"text", "image", "gif", "link", "audio", "video", "sticker", "location", "business_card", "file"}
    assert names == {
        *(f"user_send_{kind}" for kind in sent),
        *(f"oa_send_{kind}" for kind in ("text", "image", "gif", "list", "file", "sticker", "consent")),
        *("user_seen_message", "user_received_message", "user_reacted_message", "oa_reacted_message"),
        *("user_click_chatnow", "follow", "unfollow", "user_submit_info", "update_user_info", "user_withdraw"),
        *("add_user_to_tag", "remove_user_from_tag", "remove_tag"),
        *("widget_interaction_accepted", "widget_failed_to_sync_user_external_id"),
        *(f"anonymous_send_{kind}" for kind in ("text", "image", "file", "sticker")),
        *(f"oa_send_anonymous_{kind}" for kind in ("text", "image", "file", "sticker")),
        *("user_reply_consent", "user_call_oa", "oa_call_user"),
        *("change_template_status", "change_oa_daily_quota", "zns:user_received_message"),
    }


def test_kiotviets_events_are_those_of_the_facts() -> None:
    """Every type that a webhook can be registered for."""
    names = {name for event in CATALOGUE.platforms["kiotviet"].events.values() for name in event.names}
    both = ("customer", "product", "pricebook", "pricebookdetail", "category", "branch")
    changed = {f"{kind}.{what}" for kind in both for what in ("update", "delete")}
    assert names == changed | {"stock.update", "order.update", "invoice.update"}


def test_catalogue_is_loaded_once() -> None:
    """The packaged catalogue is compiled once for the whole process."""
    assert isinstance(CATALOGUE, Catalogue)
    assert load_catalogue() is CATALOGUE


def assert_both_languages(texts: list[Text]) -> None:
    """Hold each text to two languages that are what they say."""
    for text in texts:
        assert VIETNAMESE.search(text.vi), text
        assert not VIETNAMESE.search(text.en), text
        assert text.vi != text.en
