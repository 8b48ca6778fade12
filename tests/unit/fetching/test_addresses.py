"""Which addresses and URLs a stranger may send the gateway to."""

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.ground.fetching.addresses import may_connect
from gateway.ground.fetching.urls import check_fetchable

SPECIAL = [
    *("0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.0", "100.127.255.255"),
    *("169.254.169.254", "169.254.0.0", "172.16.0.0", "172.31.255.255", "192.0.0.8", "192.0.2.1", "192.88.99.1"),
    *("192.168.0.1", "198.18.0.1", "198.19.255.255", "198.51.100.7", "203.0.113.255", "224.0.0.1", "239.255.255.255"),
    *("240.0.0.0", "255.255.255.255", "::", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::7f00:1", "64:ff9b::a00:1"),
    *("64:ff9b:1::1", "100::1", "2001::1", "2001:1ff::", "2001:db8::1", "2002:7f00:1::", "3fff::1", "5f00::1"),
    *("fc00::1", "fdff::1", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "", "localhost", "example.com", "127.1"),
]
LOOPBACK = ["127.0.0.1", "127.255.255.254", "::1"]
PUBLIC = ["1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "172.15.255.255", "172.32.0.0"]
PUBLIC += ["223.255.255.255", "2001:200::1", "2001:4860:4860::8888", "2606:4700::1111", "2a00::1"]


@pytest.mark.parametrize("address", SPECIAL)
@pytest.mark.parametrize("allow_loopback", [False, True])
def test_a_special_address_is_never_connected_to(address: str, *, allow_loopback: bool) -> None:
    """Private, link-local, mapped, reserved and documentation addresses are refused, in a demo too."""
    assert not may_connect(address, allow_loopback=allow_loopback)


@pytest.mark.parametrize("address", LOOPBACK)
def test_loopback_is_for_a_gateway_on_loopback_alone(address: str) -> None:
    """The demo's own apps are on loopback; nobody else's are."""
    assert may_connect(address, allow_loopback=True)
    assert not may_connect(address, allow_loopback=False)


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_of_the_public_internet_is_connected_to(address: str) -> None:
    """The guard refuses what is special and nothing beside it."""
    assert may_connect(address, allow_loopback=False)


@given(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)))
@example(ip_address("192.168.0.0"))
@example(ip_address("fe80::"))
def test_what_the_standard_library_calls_special_is_refused(address: IPv4Address | IPv6Address) -> None:
    """Our list refuses at least what Python's refuses, whatever address comes."""
    if address.is_private or address.is_multicast or address.is_reserved or address.is_link_local:
        assert not may_connect(str(address), allow_loopback=False)


@pytest.mark.parametrize(
    "url",
    [
        "http://app.example/notices",
        "http://127.0.0.1.app.example/",
        "ftp://app.example/",
        "https:///notices",
        "https://",
        "app.example/notices",
        "https://a@app.example/",
        "https://a:b@app.example/",
        "https://app.example/#part",
        "https://app.example/#",
        "https://app.example/a b",
        "https://app.example/\r\nX: y",
        "https://ứng-dụng.example/",
        "https://app.example:0/",
        "https://app.example:99999/",
        "https://app.example:x/",
        "https://app.example\\@other.example/",
        "https://[::1/",
        "https://app.example/" + "a" * 2048,
    ],
)
@pytest.mark.parametrize("allow_loopback", [False, True])
def test_an_odd_url_is_refused(url: str, *, allow_loopback: bool) -> None:
    """No plain http, no user, no fragment, no sign that two parsers read in two ways."""
    with pytest.raises(ValueError):  # noqa: PT011 - urlsplit words some of them
        check_fetchable(url, allow_loopback=allow_loopback)


@pytest.mark.parametrize("url", ["http://127.0.0.1:8403/notices", "http://localhost/", "http://[::1]:9/"])
def test_plain_http_is_for_loopback_and_a_gateway_there(url: str) -> None:
    """The demo's sample app has no certificate; elsewhere the same URL is refused."""
    assert check_fetchable(url, allow_loopback=True).scheme == "http"
    with pytest.raises(ValueError, match="https"):
        check_fetchable(url, allow_loopback=False)


@pytest.mark.parametrize("url", ["https://app.example/notices?key=1", "https://app.example:8443", "https://[2a00::1]/"])
def test_an_https_url_is_taken(url: str) -> None:
    """An ordinary endpoint passes, and its parts come back."""
    assert check_fetchable(url, allow_loopback=False).hostname in {"app.example", "2a00::1"}
