"""What an app may register: its name, its texts, and what it may make a condition."""

import unicodedata
from datetime import date
from typing import Any

import pytest
from joserfc.jwk import ECKey, OKPKey
from pydantic import ValidationError

from gateway.doors.admin.fitting import list_misfits
from gateway.doors.admin.registration import ON_LOOPBACK, AppEntry, records_of
from gateway.records.apps.keys import import_keys
from gateway.records.apps.types import AuthMethod, Basis, GrantType
from scopes import load_catalogue
from tests.stand_ins.clock import ManualClock
from tests.stand_ins.entropy import SeededEntropy

CATALOGUE = load_catalogue()
EC = ECKey.generate_key("P-256", {"kid": "ec-1"}, private=True)
ED = OKPKey.generate_key("Ed25519", {"kid": "ed-1"}, private=True)


def entry(*, ask: dict[str, Any] | None = None, text: dict[str, Any] | None = None, **app: Any) -> dict[str, Any]:
    """Return a registration that nothing is wrong with, changed."""
    texts = {
        "purpose": "hiện tên (mẫu).",
        "refusal_effect": "không hiện tên.",
        "why_required": "cần tên.",
        **(text or {}),
    }
    asked = {
        "id": "oa_profile",
        "scope": "zalo.profile.read",
        "purpose": "shop",
        "retention_days": 30,
        "recipients": [{"name": "Công ty (mẫu)", "country": "VN"}],
        "vi": texts,
        "en": texts,
        **(ask or {}),
    }
    return {
        "name": "Sổ bán hàng (mẫu)",
        "legal_entity": "Công ty (mẫu)",
        "address": "1 Phố Mẫu (mẫu)",
        "contact": "a@app.example",
        "domain": "app.example",
        "country": "VN",
        "kind": "confidential",
        "redirect_uris": ["https://app.example/cb"],
        "asks": [asked],
        **app,
    }


def register(raw_entry: dict[str, Any]) -> str:
    """Register; return the name as it is kept."""
    checked = AppEntry.model_validate(raw_entry)
    return records_of(checked, CATALOGUE, None, clock=ManualClock(), entropy=SeededEntropy())[0].name


def misfits(raw_entry: dict[str, Any]) -> list[str]:
    """Return what does not fit in a registration, each value of which may stand where it does."""
    return list(list_misfits(AppEntry.model_validate(raw_entry).model_dump(), CATALOGUE))


def test_an_honest_registration_is_taken() -> None:
    """Names are kept as they were written, and nothing is found in it."""
    assert (register(entry()), misfits(entry())) == ("Sổ bán hàng (mẫu)", [])


@pytest.mark.parametrize(
    "uri",
    [
        "https://ok.example/cb\n",
        "https://o\tk.example/cb",
        "https://a:b@ok.example/",
        "https://ok.example:x/",
        "a..b:/cb",
    ],
)
def test_an_address_that_would_break_the_consent_page_is_refused(uri: str) -> None:
    """`check_redirect_uri` judges every one of them."""
    with pytest.raises(ValidationError, match="redirect_uris"):
        register(entry(redirect_uris=["https://app.example/cb", uri]))


def test_names_and_texts_are_kept_in_one_spelling() -> None:
    """Two spellings of the same letters are one name."""
    name = "Sổ bán hàng (mẫu)"
    assert register(entry(name=unicodedata.normalize("NFD", name))) == unicodedata.normalize("NFC", name)


SPOOFED = [
    "Zalo\u202egnol",
    "\u2066Zalo\u2069",
    "Za\u200blo",
    "Za\u2060lo\ufeff",
    "Za\u200dlo",
    "A\u2028B",
    "Zalo\nĐã xác minh",
    "\u3164\u3164\u3164",
    "Za\u034flo",
    "Zalo\ufe0f",
    "Za\u17b4lo",
    "Za\u2065lo",
    "Za\U000e0100lo",
    "Zalo\u0378",
    "<b>Zalo</b>",
    "Zalo &lt;b&gt;",
    "Zalo &#8238;",
    "{{ 7 * 7 }}",
    "%(app)s (mẫu)",
    " Zalo (mẫu)",
    "Zalo (mẫu)\u00a0",
]


@pytest.mark.parametrize("name", ["……", "· ·", "\u0301\u0301", "🪷🪷"])
def test_a_name_has_a_letter_or_a_digit(name: str) -> None:
    """What nobody can say or look up is no name."""
    with pytest.raises(ValidationError, match="name"):
        register(entry(name=name))


PLACES = ["name", "legal_entity", "address", "contact", "domain"]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("written", SPOOFED)
def test_what_a_reader_cannot_see_is_refused_in_every_name(place: str, written: str) -> None:
    """Bidi and zero-width signs, line ends, fillers, markup: none of them enters the register."""
    with pytest.raises(ValidationError, match=place):
        register(entry() | {place: written})


@pytest.mark.parametrize("place", ["purpose", "refusal_effect", "why_required"])
@pytest.mark.parametrize("written", SPOOFED)
def test_what_a_reader_cannot_see_is_refused_in_every_text(place: str, written: str) -> None:
    """What stands on the consent screen reads as it is written."""
    with pytest.raises(ValidationError, match=place):
        register(entry(text={place: written}))


@pytest.mark.parametrize("written", SPOOFED)
def test_what_a_reader_cannot_see_is_refused_in_a_recipient(written: str) -> None:
    """Recipients are names too."""
    with pytest.raises(ValidationError, match="recipients"):
        register(entry(ask={"recipients": [{"name": written, "country": "VN"}]}))


@pytest.mark.parametrize("place", PLACES)
def test_ten_thousand_letters_are_no_name(place: str) -> None:
    """No name pushes the buttons off the page."""
    with pytest.raises(ValidationError, match="at most"):
        register(entry() | {place: "a" * 10_000})


@pytest.mark.parametrize("purpose", ["advertising", "marketing"])
def test_advertising_is_never_required(purpose: str) -> None:
    """R10: it is an item of its own, and nobody has to agree to it."""
    assert misfits(entry(ask={"purpose": purpose})) == []
    (told,) = misfits(entry(ask={"purpose": purpose, "required": True}))
    assert told == "asks.0.required: advertising is an item of its own that nobody has to agree to"


WAIVERS = [
    "bằng việc sử dụng ứng dụng, bạn cho phép.",
    "Bằng  Việc\u00a0Sử Dụng ứng dụng.",
    unicodedata.normalize("NFD", "bạn không khiếu nại về việc này."),
    "bạn sẽ không có bất kỳ khiếu nại nào.",
    "By using this app you allow it.",
    "continuing means YOU AGREE.",
    "you waive all claims.",
]


@pytest.mark.parametrize("place", ["purpose", "refusal_effect", "why_required"])
@pytest.mark.parametrize("written", WAIVERS)
def test_no_text_takes_a_right_away(place: str, written: str) -> None:
    """R12: whoever writes that using is agreeing, or that nobody may complain, is not registered."""
    with pytest.raises(ValidationError, match="takes no right away"):
        register(entry(text={place: written}))


@pytest.mark.parametrize("written", ["chia cho các đối tác.", "gửi hàng, v.v.", "share with Partners."])
def test_vague_words_are_refused(written: str) -> None:
    """R8: a purpose names each thing."""
    with pytest.raises(ValidationError, match="vague"):
        register(entry(text={"purpose": written}))


@pytest.mark.parametrize("types", [None, [], ["quyen_ask"]])
def test_an_app_may_say_which_details_it_uses(types: list[str] | None) -> None:
    """RFC 9396 section 10: left out is any, a list is kept to; a type that is not known is a mistake of the file."""
    raw_entry = entry() if types is None else entry(authorization_details_types=types)
    said = AppEntry.model_validate(raw_entry)
    app, _ = records_of(said, CATALOGUE, None, clock=ManualClock(), entropy=SeededEntropy())
    assert app.details_types == (None if types is None else tuple(types))
    with pytest.raises(ValidationError, match="authorization_details_types"):
        AppEntry.model_validate(entry(authorization_details_types=["payment_initiation"]))


def test_an_app_may_bring_keys_of_its_own() -> None:
    """Public ones of P-256 and Ed25519; then it proves itself by them and has no secret."""
    keys = {"keys": [EC.as_dict(private=False), ED.as_dict(private=False)]}
    raw_entry = entry(jwks=keys, require_pushed_authorization_requests=True)
    app, _ = records_of(
        AppEntry.model_validate(raw_entry), CATALOGUE, None, clock=ManualClock(), entropy=SeededEntropy()
    )
    assert app.auth_method is AuthMethod.KEY
    assert app.must_push
    assert [key.kid for key in import_keys(app.jwks or {})] == ["ec-1", "ed-1"]


@pytest.mark.parametrize(
    "jwks",
    [
        {},
        {"keys": []},
        {"keys": "x"},
        {"keys": ["x"]},
        {"keys": [{}]},
        {"keys": [{"kty": "EC", "crv": "P-256"}]},
        {"keys": [EC.as_dict(private=True)]},
        {"keys": [EC.as_dict(private=False), EC.as_dict(private=False)]},
        {"keys": [EC.as_dict(private=False)] * 11},
        {"keys": [ECKey.generate_key("P-384", private=False).as_dict()]},
        {"keys": [{"kty": "oct", "k": "c2VjcmV0"}]},
    ],
    ids=range(11),
)
def test_keys_that_no_app_may_bring(jwks: dict[str, Any]) -> None:
    """None, too many, private ones, of another kind, or two that cannot be told apart."""
    with pytest.raises(ValidationError):
        register(entry(jwks=jwks))


SILENT = {"purpose": "hiện tên (mẫu).", "refusal_effect": "không hiện tên."}
WRONG: list[tuple[dict[str, Any], list[str]]] = [
    ({"asks": [{}, {"id": "more", "scope": "zalo.nothing"}]}, ["asks.1.scope"]),
    ({"asks": [{}, {"purpose": "crm"}]}, ["asks.1.id"]),
    ({"asks": [{}, {"id": "more"}]}, ["asks.1.purpose"]),
    ({"asks": [{"purpose": "marketing", "required": True}]}, ["asks.0.required"]),
    ({"asks": [{"required": True, "en": SILENT}]}, ["asks.0.required"]),
    ({"asks": [{"required": False, "vi": SILENT, "en": SILENT}]}, []),
    ({"dialect": "telegraph"}, ["dialect"]),
    ({"dialect": "zalo", "kind": "public"}, ["dialect"]),
    ({"dialect": "zalo", "dpop_bound_access_tokens": True}, ["dpop_bound_access_tokens"]),
    ({"dialect": None, "addresses": ["203.0.113.7"]}, ["addresses"]),
    ({"asks": [{"scope": "a.b.c"}], "kind": "public", "manages_itself": True}, ["asks.0.scope", "manages_itself"]),
]


def wrong_entry(changes: dict[str, Any]) -> dict[str, Any]:
    """Return a registration with these changes, those of `asks` each to an ask that nothing is wrong with."""
    asked = entry()["asks"][0]
    return entry() | changes | {"asks": [asked | changed for changed in changes.get("asks", [{}])]}


@pytest.mark.parametrize("changes, places", WRONG, ids=range(len(WRONG)))
def test_what_does_not_fit_is_told_by_its_place(changes: dict[str, Any], places: list[str]) -> None:
    """Whoever wrote a long file finds every fault in it at once, without searching."""
    assert [each.partition(": ")[0] for each in misfits(wrong_entry(changes))] == places


@pytest.mark.parametrize("changes, places", WRONG, ids=range(len(WRONG)))
def test_it_is_told_of_a_file_that_cannot_be_read_whole(changes: dict[str, Any], places: list[str]) -> None:
    """The same is found where other values are none, and what cannot be read is passed over."""
    unread = wrong_entry(changes) | {"name": 7, "jwks": "x" if changes.get("kind") != "public" else None, "extra": []}
    unread["asks"] += [None, {"id": [], "scope": {}, "purpose": 1, "required": "x", "vi": 2}]
    assert [each.partition(": ")[0] for each in list_misfits(unread, CATALOGUE)] == places


@pytest.mark.parametrize("said", [None, "x", [], {"redirect_uris": [1], "asks": "x", "dialect": []}])
def test_what_is_no_registration_has_no_misfits(said: object) -> None:
    """What cannot be read at all is told as that alone."""
    assert list(list_misfits(said, CATALOGUE)) == []


def test_a_public_app_has_no_keys() -> None:
    """Who cannot keep a secret cannot keep a key."""
    raw_entry = entry(jwks={"keys": [EC.as_dict(private=False)]}, kind="public")
    assert misfits(raw_entry) == ["jwks: for a confidential app only"]


@pytest.mark.parametrize(
    "kind,manages,is_taken", [("confidential", True, True), ("confidential", False, True), ("public", True, False)]
)
def test_only_a_confidential_app_manages_itself(kind: str, *, manages: bool, is_taken: bool) -> None:
    """It registers `client_credentials` by it, and does not without; a public app proves nothing and is refused."""
    checked = AppEntry.model_validate(entry(kind=kind, manages_itself=manages))
    if not is_taken:
        assert misfits(entry(kind=kind, manages_itself=manages)) == ["manages_itself: for a confidential app only"]
        return
    app = records_of(checked, CATALOGUE, None, clock=ManualClock(), entropy=SeededEntropy())[0]
    assert (GrantType.CLIENT in app.grant_types, app.may_manage_itself, app.may_refresh) == (manages, manages, True)


@pytest.mark.parametrize(
    "changes, grant_types",
    [
        ({}, (GrantType.CODE, GrantType.REFRESH)),
        ({"may_use_devices": True}, (GrantType.CODE, GrantType.DEVICE, GrantType.REFRESH)),
        ({"may_use_devices": True, "redirect_uris": [], "may_refresh": False}, (GrantType.DEVICE,)),
    ],
)
def test_an_app_for_devices_needs_no_redirect_uri(changes: dict[str, Any], grant_types: tuple[GrantType, ...]) -> None:
    """What it may exchange follows from its file; one that names neither way to ask is refused."""
    checked = AppEntry.model_validate(entry(**changes))
    app, _ = records_of(checked, CATALOGUE, None, clock=ManualClock(), entropy=SeededEntropy())
    assert (app.grant_types, misfits(entry(**changes))) == (grant_types, [])
    assert misfits(entry(redirect_uris=[])) == ["redirect_uris: an app names a redirect URI, or asks from devices"]


@pytest.mark.parametrize("host", ["127.0.0.1:9000", "localhost", "[::1]:9000"])
def test_an_endpoint_on_loopback_is_for_a_gateway_that_is_there_too(host: str) -> None:
    """As on the developers' page and by machine: for every other gateway an endpoint is https."""
    raw_entry = entry(notice_url=f"http://{host}/notices")
    assert AppEntry.model_validate(raw_entry, context={ON_LOOPBACK: True}).notice_url == raw_entry["notice_url"]
    for context in (None, {ON_LOOPBACK: False}):
        with pytest.raises(ValidationError, match="a URL is https"):
            AppEntry.model_validate(raw_entry, context=context)


CONTRACT = {"number": "HD-01/2026 (mẫu)", "dated": "2026-01-05"}
ABOUT_OTHERS = {"scope": "zalo.follower.phone.read"}


@pytest.mark.parametrize(
    "said,basis,dated",
    [
        ({}, Basis.OWN_CONSENT, None),
        ({"basis": "own_consent"}, Basis.OWN_CONSENT, None),
        ({"basis": "contract", "agreement": CONTRACT}, Basis.CONTRACT, date(2026, 1, 5)),
        ({"basis": "contract", "agreement": {**CONTRACT, "dated": date(2026, 1, 5)}}, Basis.CONTRACT, date(2026, 1, 5)),
    ],
)
def test_an_ask_about_others_has_a_basis(said: dict[str, Any], basis: Basis, dated: date | None) -> None:
    """Own consent where the file says nothing; a contract with its number and day, from YAML or JSON."""
    raw = entry(ask={**ABOUT_OTHERS, **said})
    assert list(list_misfits(raw, CATALOGUE)) == []
    (ask,) = records_of(AppEntry.model_validate(raw), CATALOGUE, None, clock=ManualClock(), entropy=SeededEntropy())[1]
    assert ask.basis is basis
    assert (ask.agreement and ask.agreement.dated) == dated


@pytest.mark.parametrize(
    "ask,place",
    [
        ({**ABOUT_OTHERS, "basis": "contract"}, "agreement"),
        ({**ABOUT_OTHERS, "agreement": CONTRACT}, "agreement"),
        ({**ABOUT_OTHERS, "basis": "own_consent", "agreement": CONTRACT}, "agreement"),
        ({"basis": "own_consent"}, "basis"),
    ],
)
def test_a_basis_that_does_not_fit_is_named(ask: dict[str, Any], place: str) -> None:
    """A contract without its agreement, an agreement without a contract, a basis of the account's own data (R78)."""
    assert [each.partition(":")[0] for each in list_misfits(entry(ask=ask), CATALOGUE)] == [f"asks.0.{place}"]


@pytest.mark.parametrize(
    "agreement",
    [
        {**CONTRACT, "dated": 20260105},
        {**CONTRACT, "dated": "hôm qua"},
        {**CONTRACT, "number": "v.v."},
        {"number": "1"},
    ],
)
def test_an_agreement_is_told_in_full(agreement: dict[str, Any]) -> None:
    """A number that names it and a day that is one."""
    with pytest.raises(ValidationError):
        AppEntry.model_validate(entry(ask={**ABOUT_OTHERS, "basis": "contract", "agreement": agreement}))


def test_an_ask_about_the_account_has_no_basis() -> None:
    """What the owner alone decides rests on the owner's word."""
    (ask,) = records_of(
        AppEntry.model_validate(entry()), CATALOGUE, None, clock=ManualClock(), entropy=SeededEntropy()
    )[1]
    assert (ask.basis, ask.agreement) == (None, None)
