"""The shipped catalogue keeps its promises: nothing opens without a scope, nothing is asked for without an effect."""

import re

import pytest

from scopes import Catalogue, Route, Scope, Text, check, load_catalogue
from scopes.trees import ANY, MARK, walk_leaves

CATALOGUE = load_catalogue()
ROUTES = [
    pytest.param(route, id=f"{platform.id}.{route.id}")
    for platform in CATALOGUE.platforms.values()
    for route in platform.routes.values()
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
        "zalo.follower.name.read",
        "zalo.follower.phone.read",
        "zalo.follower.address.read",
        "zalo.message.read",
        "zalo.message.send",
        "zalo.tag.read",
        "kiotviet.customer.read",
        "kiotviet.customer.contact.read",
        "kiotviet.customer.birth.read",
        "kiotviet.customer.note.read",
        "kiotviet.customer.finance.read",
        "kiotviet.customer.write",
        "kiotviet.customer.contact.write",
        "kiotviet.customer.delete",
        "kiotviet.order.read",
        "kiotviet.order.delivery.read",
        "kiotviet.order.write",
        "kiotviet.order.delivery.write",
        "kiotviet.order.delete",
        "kiotviet.invoice.read",
        "kiotviet.invoice.delivery.read",
        "kiotviet.invoice.write",
        "kiotviet.invoice.delivery.write",
        "kiotviet.invoice.delete",
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
    routes = [route for platform in CATALOGUE.platforms.values() for route in platform.routes.values()]
    opens = any(scope.id in route.opened_by | route.field_scopes for route in routes)
    assert opens == (scope.enforced_by == "gateway")


@pytest.mark.parametrize("route", ROUTES)
def test_every_opening_scope_shows_or_does_something(route: Route) -> None:
    """A scope that opens a reading route opens at least one of its fields, or what it opens is a file."""
    if route.kind == "write" or route.answer.root is None:
        return
    scopes = {leaf.scope for leaf in walk_leaves(route.answer.root)}
    listed_only = route.id in {"list_followers", "view_media_limits"}  # ids and a number, the same for every opener
    assert listed_only or all(scope in scopes for scope in route.opened_by)


@pytest.mark.parametrize("scope", SCOPES)
def test_scope_texts_are_in_both_languages(scope: Scope) -> None:
    """Every text of a scope is there in Vietnamese and in English, and they are not the same text."""
    texts = [scope.name, scope.explanation, *scope.can, *scope.cannot, *scope.data_types]
    if scope.sensitive_because is not None:
        texts.append(scope.sensitive_because)
    assert_both_languages(texts)


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
