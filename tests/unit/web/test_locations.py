"""The way back to an app."""

from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.ground.web.locations import add_to_query


@pytest.mark.parametrize(
    "uri, location",
    [
        ("https://app.example/back", "https://app.example/back?code=c"),
        ("https://app.example/back?", "https://app.example/back?code=c"),
        ("https://app.example/back?tenant=a%2Bb;c", "https://app.example/back?tenant=a%2Bb;c&code=c"),
        ("com.example.app:/back", "com.example.app:/back?code=c"),
        ("http://[::1]:9/back?x=?", "http://[::1]:9/back?x=?&code=c"),
    ],
)
def test_what_stands_in_the_query_stays(uri: str, location: str) -> None:
    """An app's own query is neither decoded nor written anew."""
    assert add_to_query(uri, {"code": "c", "state": None}) == location


def test_nothing_to_add_changes_nothing() -> None:
    """A URI to which nothing is added is the URI that the app registered."""
    assert add_to_query("https://app.example/back", {"state": None}) == "https://app.example/back"


@given(state=st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1))
def test_what_is_added_decodes_to_itself(state: str) -> None:
    """Whatever an app puts into `state` it gets back, and nothing of it becomes another member."""
    query = urlsplit(add_to_query("https://app.example/back?a=1", {"state": state, "iss": "https://q"})).query
    assert parse_qsl(query, keep_blank_values=True, strict_parsing=True) == [
        ("a", "1"),
        ("state", state),
        ("iss", "https://q"),
    ]
