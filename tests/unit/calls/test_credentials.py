"""Exactly one credential, in a header."""

import pytest

from gateway.doors.calls.credentials import find_credential
from gateway.doors.calls.head import Head, parse_head
from gateway.ground.vault.tokens import new_token
from gateway.terms.refusal import Refusal
from tests.stand_ins.entropy import SeededEntropy

TOKEN = new_token("qat", SeededEntropy())
REFRESH = new_token("qrt", SeededEntropy())
BEARER = (b"Authorization", f"Bearer {TOKEN}".encode())
ZALO = (b"access_token", TOKEN.encode())


def head_of(*headers: tuple[bytes, bytes], target: str = "/zalo/v2.0/oa/getoa") -> Head:
    """Return a head with these headers."""
    return parse_head("GET", target, [(b"Host", b"a"), *headers], version="1.1")


def test_a_bearer_token_is_found() -> None:
    """The scheme's case does not matter."""
    found = find_credential(head_of((b"authorization", f"bEARER  {TOKEN}".encode())))
    assert (found.raw_token, found.dialect) == (TOKEN, None)
    assert TOKEN not in repr(found)


def test_the_platforms_own_header_is_found_and_named() -> None:
    """Whose dialect it is decides later whether this app may speak it."""
    assert find_credential(head_of(ZALO)).dialect == "zalo"


def test_one_platforms_header_means_nothing_on_another() -> None:
    """Zalo's header beside a Bearer token is not a credential on Matrix."""
    assert find_credential(head_of(BEARER, ZALO, target="/matrix/x")).dialect is None


@pytest.mark.parametrize(
    "headers,target",
    [
        ([BEARER, BEARER], "/zalo/x"),
        ([BEARER, ZALO], "/zalo/x"),
        ([ZALO, ZALO], "/zalo/x"),
        ([BEARER], "/zalo/x?access_token=abc"),
        ([BEARER], "/zalo/x?acce%73s_token="),
        ([BEARER], "/zalo/x?ACCESS_TOKEN=1"),
        ([BEARER], f"/zalo/x?anything={TOKEN}"),
        ([], f"/zalo/x?access_token=1&access_token={TOKEN}"),
    ],
)
def test_two_credentials_are_refused(headers: list[tuple[bytes, bytes]], target: str) -> None:
    """Which of two would count is nobody's guess; a token in the query is one."""
    with pytest.raises(Refusal) as refused:
        find_credential(head_of(*headers, target=target))
    assert refused.value.reason == "two_credentials"


@pytest.mark.parametrize(
    "headers,target",
    [
        ([], "/zalo/x"),
        ([], f"/zalo/x?access_token={TOKEN}"),
        ([(b"Authorization", b"Basic YTpi")], "/zalo/x"),
        ([(b"Authorization", TOKEN.encode())], "/zalo/x"),
    ],
)
def test_none_in_a_header_is_no_credential(headers: list[tuple[bytes, bytes]], target: str) -> None:
    """A token in the query alone opens nothing."""
    with pytest.raises(Refusal) as refused:
        find_credential(head_of(*headers, target=target))
    assert refused.value.reason == "no_credential"


@pytest.mark.parametrize(
    "value",
    [
        "Bearer",
        "Bearer a b",
        f"Bearer {TOKEN[:-1]}",
        f"Bearer {REFRESH}",
        "DPoP",
        f"DPoP {REFRESH}",
        f"Bearer {TOKEN}, Bearer {TOKEN}",
        "Bearer qat_" + "é" * 49,
    ],
)
def test_what_cannot_be_our_token_is_invalid(value: str) -> None:
    """Shape and checksum are judged before anything is looked up."""
    with pytest.raises(Refusal) as refused:
        find_credential(head_of((b"Authorization", value.encode())))
    assert refused.value.reason == "invalid_token"
