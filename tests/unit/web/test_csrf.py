"""Who may send a form: the browser's word about the site, and the token, both."""

import pytest
from multidict import CIMultiDict

from gateway.ground.web.csrf import check_form, form_token, is_foreign
from gateway.terms.refusal import Refusal

OWN = "https://quyen.example"
TOKEN = form_token("a secret of this session")


@pytest.mark.parametrize(
    "headers,foreign",
    [
        ([("Sec-Fetch-Site", "same-origin")], False),
        ([("Sec-Fetch-Site", "none")], False),
        ([("Sec-Fetch-Site", "same-site")], True),
        ([("Sec-Fetch-Site", "cross-site")], True),
        ([("Sec-Fetch-Site", "something-new")], True),
        ([("Sec-Fetch-Site", "")], True),
        ([("Sec-Fetch-Site", "Same-Origin")], True),
        # Sec-Fetch-Site decides; Origin is not asked beside it.
        ([("Sec-Fetch-Site", "same-origin"), ("Origin", "null")], False),
        ([("Sec-Fetch-Site", "same-origin"), ("Origin", "https://evil.example")], False),
        ([("Sec-Fetch-Site", "cross-site"), ("Origin", OWN)], True),
        # Said twice, the stricter counts.
        ([("Sec-Fetch-Site", "same-origin"), ("Sec-Fetch-Site", "cross-site")], True),
        # Without it, Origin.
        ([("Origin", OWN)], False),
        ([("Origin", "null")], False),
        ([], False),
        ([("Origin", "https://evil.example")], True),
        ([("Origin", "http://quyen.example")], True),
        ([("Origin", "https://quyen.example:8443")], True),
        ([("Origin", "https://quyen.example.evil.example")], True),
        ([("Origin", OWN), ("Origin", "https://evil.example")], True),
    ],
)
def test_which_site_sent_it(headers: list[tuple[str, str]], *, foreign: bool) -> None:
    """The contract's rule, row by row."""
    assert is_foreign(CIMultiDict(headers), OWN) is foreign


@pytest.mark.parametrize("given", [None, "", "x", TOKEN[:-1], TOKEN + "=", form_token("another session"), "ô" * 43])
def test_a_form_without_the_right_token_is_refused(given: str | None) -> None:
    """The token is required even where the browser vouches for the site."""
    headers = CIMultiDict([("Sec-Fetch-Site", "same-origin")])
    with pytest.raises(Refusal) as refused:
        check_form(headers, own_origin=OWN, expected=TOKEN, given=given)
    assert refused.value.reason == "csrf_failed"


def test_an_empty_expectation_is_never_met() -> None:
    """Without a session there is no token, and an empty field does not equal it."""
    with pytest.raises(Refusal):
        check_form(CIMultiDict(), own_origin=OWN, expected="", given="")


def test_the_right_token_from_another_site_is_refused() -> None:
    """A stolen token does not help another site."""
    with pytest.raises(Refusal):
        check_form(CIMultiDict({"Sec-Fetch-Site": "same-site"}), own_origin=OWN, expected=TOKEN, given=TOKEN)


def test_our_own_form_passes() -> None:
    """The form that our page sent is let through; so is one from a browser that says nothing about sites."""
    for headers in ({"Sec-Fetch-Site": "same-origin"}, {"Origin": OWN}, {"Origin": "null"}, {}):
        check_form(CIMultiDict(headers), own_origin=OWN, expected=TOKEN, given=TOKEN)


def test_a_token_follows_from_its_secret_alone() -> None:
    """The same session has the same token, another has another, and none shows its secret."""
    assert form_token("one") == form_token("one") != form_token("two")
    assert "one" not in form_token("one")
    with pytest.raises(ValueError, match="secret"):
        form_token("")
