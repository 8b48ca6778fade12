"""Where a caller stands, as limits count it."""

from ipaddress import ip_network

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict

from gateway.ground.web.addresses import address_of, addresses

OWN = [ip_network("10.0.0.0/8"), ip_network("fd00::/8")]


@pytest.mark.parametrize(
    "remote, counted",
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("::1", "::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", "local socket"),
        ("somewhere", "somewhere"),
    ],
)
def test_a_subscriber_is_one_address(remote: str, counted: str) -> None:
    """An IPv6 subscriber cannot step past a limit by taking the next of his addresses."""
    assert address_of(make_mocked_request("GET", "/").clone(remote=remote)) == counted


async def caller_of(remote: str, *headers: tuple[str, str]) -> str:
    """Return where a request counts as coming from, with `OWN` trusted."""
    request = make_mocked_request("GET", "/", headers=CIMultiDict(headers)).clone(remote=remote)

    async def answer(request: web.Request) -> web.Response:
        return web.Response(text=address_of(request))

    answered = await addresses(OWN)(request, answer)
    assert isinstance(answered, web.Response)
    return answered.text or ""


@pytest.mark.parametrize(
    "value, counted",
    [
        ("203.0.113.7", "203.0.113.7"),
        ("198.51.100.1, 203.0.113.7", "203.0.113.7"),
        ("198.51.100.1,203.0.113.7, 10.9.9.9,fd00::1", "203.0.113.7"),
        ("203.0.113.7:4711", "203.0.113.7"),
        ("2001:db8::7", "2001:db8::/64"),
        ("[2001:db8::7]:4711", "2001:db8::/64"),
        ("::ffff:10.1.1.1", "10.1.1.1"),
        ("203.0.113.7, unknown", "10.0.0.1"),
        ("203.0.113.7, unknown, 10.0.0.2", "10.0.0.2"),
        ("", "10.0.0.1"),
    ],
)
async def test_a_trusted_proxy_is_believed_hop_by_hop(value: str, counted: str) -> None:
    """The rightmost address that is not one of our own proxies; what stands left of it anyone may have written."""
    assert await caller_of("10.0.0.1", ("X-Forwarded-For", value)) == counted
    assert await caller_of("::ffff:10.0.0.1", ("X-Forwarded-For", value)) == counted


@pytest.mark.parametrize(
    "value, counted",
    [
        ("for=203.0.113.7", "203.0.113.7"),
        ('For="203.0.113.7:4711";proto=https;by=10.0.0.1', "203.0.113.7"),
        ('for=198.51.100.1, proto=https; for="[2001:db8::7]:4711"', "2001:db8::/64"),
        ("for=203.0.113.7, for=10.0.0.9", "203.0.113.7"),
        ("for=203.0.113.7, for=_hidden", "10.0.0.1"),
        ("for=203.0.113.7;for=203.0.113.8", "10.0.0.1"),
        ("203.0.113.7", "10.0.0.1"),
    ],
)
async def test_the_standard_header_is_read_too(value: str, counted: str) -> None:
    """`Forwarded` as RFC 7239 writes it; what cannot be read leaves the last hop that could."""
    assert await caller_of("10.0.0.1", ("Forwarded", value)) == counted


async def test_several_lines_are_one_list() -> None:
    """A proxy that adds a line of its own adds it after what the caller sent."""
    lines = ("X-Forwarded-For", "198.51.100.1"), ("X-Forwarded-For", "203.0.113.7")
    assert await caller_of("10.0.0.1", *lines) == "203.0.113.7"


async def test_nobody_else_is_believed() -> None:
    """A stranger names no address; beside the header of our proxy the other one is the stranger's."""
    usual, standard = ("X-Forwarded-For", "198.51.100.1"), ("Forwarded", "for=198.51.100.1")
    assert await caller_of("203.0.113.7", usual) == "203.0.113.7"
    assert await caller_of("203.0.113.7", standard) == "203.0.113.7"
    assert await caller_of("10.0.0.1", usual, standard) == "10.0.0.1"
