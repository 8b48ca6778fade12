"""Fetching what a stranger named (SSRF): judged on the connected address, no redirect, bounded in time and size."""

import asyncio
import socket
from functools import partial
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from gateway.ground.fetching.fetcher import Fetched, FetchFailed, Why, opened_fetcher
from tests.services.loopback import LeftTheMachineError
from tests.stand_ins.certificates import make_certificate
from tests.stand_ins.receiver import Receiver, dripping, endless, hanging_up, never, receiving, redirecting, saying

PUBLIC = "1.1.1.1"
"""Never reached: the tests' own guard raises when something connects to it."""


class Answers(AbstractResolver):
    """A name server that gives another answer each time it is asked."""

    def __init__(self, *addresses: str) -> None:
        self.left = list(addresses)
        self.asked = 0

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the next address."""
        self.asked += 1
        address = self.left.pop(0)
        kind = socket.AF_INET6 if ":" in address else socket.AF_INET
        return [ResolveResult(hostname=host, host=address, port=port, family=kind, proto=0, flags=0)]

    async def close(self) -> None:
        """Nothing to give back."""


async def get(url: str, *, seconds: float = 5, limit_bytes: int = 1000, allow_loopback: bool = True) -> Fetched:
    """Fetch with a fetcher opened for it."""
    async with opened_fetcher(allow_loopback=allow_loopback) as fetcher:
        return await fetcher.get(url, limit_bytes=limit_bytes, seconds=seconds)


async def why(url: str, *, seconds: float = 5, limit_bytes: int = 1000, allow_loopback: bool = True) -> Why:
    """Fetch, and return why nothing came back."""
    with pytest.raises(FetchFailed) as caught:
        await get(url, seconds=seconds, limit_bytes=limit_bytes, allow_loopback=allow_loopback)
    return caught.value.why


def port_of(receiver: Receiver) -> int:
    """Return the port of a receiver."""
    return int(receiver.url.split(":")[2].split("/")[0])


async def test_a_document_comes_back_whole() -> None:
    """The control: a server on loopback answers a gateway on loopback; headers are lower-case."""
    async with receiving() as receiver:
        receiver.answers.append(saying(b"[1]", Content_Type="application/json"))
        found = await get(receiver.url + "?a=%2F")
    assert (found.status, found.body, found.headers["content-type"]) == (200, b"[1]", "application/json")
    assert [(came.method, came.target) for came in receiver.came] == [("GET", "/hook?a=%2F")]
    assert "cookie" not in receiver.came[0].headers


async def test_a_body_is_posted_and_the_head_alone_is_read() -> None:
    """A notice's receiver may send a body without end: its status is all that counts."""
    async with receiving() as receiver, opened_fetcher(allow_loopback=True) as fetcher:
        receiver.answers.append(endless)
        found = await fetcher.post(receiver.url, b"{}", headers={"Content-Type": "application/json"}, seconds=5)
    assert (found.status, found.body) == (200, b"")
    assert (receiver.came[0].method, receiver.came[0].body) == ("POST", b"{}")
    assert receiver.came[0].headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "0.0.0.0", "10.0.0.1", "100.64.0.1", "169.254.169.254", "172.16.0.1", "192.168.1.1"),
        *("192.0.0.1", "198.18.0.1", "224.0.0.1", "255.255.255.255", "::1", "::", "::ffff:127.0.0.1"),
        *("::ffff:169.254.169.254", "fe80::1", "fc00::1", "fd00::1", "64:ff9b::7f00:1", "2002:7f00:1::", "ff02::1"),
    ],
)
async def test_no_name_and_no_literal_leads_inside(address: str) -> None:
    """A special-use address is refused before a packet leaves, be it written in the URL or answered for a name."""
    literal = f"[{address}]" if ":" in address else address
    assert await why(f"https://{literal}/", allow_loopback=False) is Why.REFUSED_ADDRESS
    resolver = Answers(address)
    async with opened_fetcher(resolver=resolver) as fetcher:
        with pytest.raises(FetchFailed) as caught:
            await fetcher.get("https://app.example/", limit_bytes=10, seconds=5)
    assert (caught.value.why, resolver.asked) == (Why.REFUSED_ADDRESS, 1)


@pytest.mark.parametrize("address", ["0.0.0.0", "169.254.169.254", "10.0.0.1", "::ffff:127.0.0.1", "fe80::1"])
async def test_a_gateway_on_loopback_still_refuses_the_rest(address: str) -> None:
    """The demo's exception is loopback itself, not every private address."""
    async with opened_fetcher(allow_loopback=True, resolver=Answers(address)) as fetcher:
        with pytest.raises(FetchFailed) as caught:
            await fetcher.get("https://app.example/", limit_bytes=10, seconds=5)
    assert caught.value.why is Why.REFUSED_ADDRESS


@pytest.mark.parametrize("host", ["2130706433", "0x7f.0.0.1", "127.1", "0177.0.0.1", "localhost", "127.0.0.1."])
async def test_other_spellings_of_loopback_reach_nothing(host: str) -> None:
    """Whatever a resolver makes of an odd spelling, the address is judged; a receiver there hears nothing."""
    async with receiving() as receiver:
        found = await why(f"https://{host}:{port_of(receiver)}/", allow_loopback=False)
    assert found in {Why.REFUSED_ADDRESS, Why.BAD_URL, Why.UNREACHABLE}
    assert receiver.came == []


async def test_a_name_that_changes_its_answer_is_resolved_once_for_each_connection() -> None:
    """DNS rebinding: what was judged is what is connected to, and the next fetch is judged anew."""
    async with receiving() as receiver:
        resolver = Answers(PUBLIC, "127.0.0.1")
        url = f"https://app.example:{port_of(receiver)}/"
        async with opened_fetcher(resolver=resolver) as fetcher:
            with pytest.raises(LeftTheMachineError, match=PUBLIC):
                await fetcher.get(url, limit_bytes=10, seconds=5)
            assert resolver.asked == 1
            with pytest.raises(FetchFailed) as caught:
                await fetcher.get(url, limit_bytes=10, seconds=5)
    assert (caught.value.why, resolver.asked, receiver.came) == (Why.REFUSED_ADDRESS, 2, [])


async def test_a_connection_is_kept_within_a_block_alone() -> None:
    """Fetches of one `keeping` block ride on one judged connection; those outside on one each."""
    ports: list[int] = []

    async def look(request: web.Request) -> web.Response:
        assert request.transport is not None
        ports.append(request.transport.get_extra_info("peername")[1])
        return web.Response()

    async with receiving() as receiver, opened_fetcher(allow_loopback=True) as fetcher:
        receiver.answers += [look] * 4
        async with fetcher.keeping() as kept:
            for each in (kept, kept, fetcher, fetcher):
                await each.post(receiver.url, b"{}", headers={}, seconds=5)
    assert ports[0] == ports[1]
    assert len(set(ports)) == 3


async def test_a_kept_connection_found_closed_is_opened_once_more() -> None:
    """Who hangs up on a kept connection is asked once more on a new one, judged again; on a new one nobody is."""
    asked = 0

    async def check(_: asyncio.Transport | None) -> None:
        nonlocal asked
        asked += 1

    async with receiving() as receiver, opened_fetcher(allow_loopback=True) as fetcher, fetcher.keeping() as kept:
        receiver.answers += [200, hanging_up, 201, hanging_up, hanging_up, hanging_up]
        post = partial(kept.post, receiver.url, b"{}", headers={}, seconds=5, last_check=check)
        assert [(await post()).status for _ in range(2)] == [200, 201]
        assert asked == 3
        for asked_then in (5, 6):
            with pytest.raises(FetchFailed) as caught:
                await post()
            assert (caught.value.why, asked) == (Why.UNREACHABLE, asked_then)


@pytest.mark.parametrize("address", ["169.254.169.254", "127.0.0.1"])
async def test_a_block_that_keeps_judges_like_every_other(address: str) -> None:
    """The address is judged there too: a name that leads inside gets nothing."""
    async with opened_fetcher(resolver=Answers(address)) as fetcher, fetcher.keeping() as kept:
        with pytest.raises(FetchFailed) as caught:
            await kept.post("https://app.example/", b"{}", headers={}, seconds=5)
    assert caught.value.why is Why.REFUSED_ADDRESS


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_an_answer_and_not_followed(status: int) -> None:
    """Whoever follows a redirect asks a server that nobody judged; the cookie is not kept either."""
    async with receiving() as inside, receiving() as receiver, opened_fetcher(allow_loopback=True) as fetcher:
        receiver.answers.append(redirecting(inside.url, status))
        found = await fetcher.post(receiver.url, b"{}", headers={}, seconds=5)
        await fetcher.post(receiver.url, b"{}", headers={}, seconds=5)
    assert (found.status, inside.came) == (status, [])
    assert "cookie" not in receiver.came[1].headers


async def test_an_answer_that_does_not_end_is_cut() -> None:
    """More than the bound is refused while it comes, not when it is whole."""
    async with receiving() as receiver:
        receiver.answers += [endless, saying(b"x" * 1001), saying(b"x" * 1000)]
        assert await why(receiver.url) is Why.TOO_LARGE
        assert await why(receiver.url) is Why.TOO_LARGE
        assert len((await get(receiver.url)).body) == 1000


async def test_a_slow_answer_is_given_up() -> None:
    """Neither silence nor a byte now and then holds the gateway longer than it said."""
    async with receiving() as receiver:
        receiver.answers += [never, dripping]
        assert await why(receiver.url, seconds=0.3) is Why.TIMEOUT
        assert await why(receiver.url, seconds=0.5) is Why.TIMEOUT


async def test_who_hangs_up_or_is_not_there_is_unreachable() -> None:
    """A closed connection and a port where nobody listens say the same."""
    async with receiving() as receiver:
        receiver.answers += [hanging_up, hanging_up]  # the client tries a GET twice, each time judged
        assert await why(receiver.url) is Why.UNREACHABLE
    assert await why(receiver.url) is Why.UNREACHABLE


async def test_a_coded_answer_is_refused() -> None:
    """The fetcher asks for no coding and unpacks none: no bomb."""
    async with receiving() as receiver:
        receiver.answers.append(saying(b"x", Content_Encoding="gzip"))
        assert await why(receiver.url) is Why.MALFORMED


async def test_a_plain_url_and_a_name_that_is_none_are_refused() -> None:
    """Plain http elsewhere than on loopback does not even resolve; a label of 64 signs is no name."""
    async with opened_fetcher(resolver=Answers()) as fetcher:
        with pytest.raises(FetchFailed) as caught:
            await fetcher.get("http://app.example/", limit_bytes=10, seconds=5)
    assert caught.value.why is Why.BAD_URL
    assert await why(f"https://{'a' * 64}.example/") in {Why.UNREACHABLE, Why.BAD_URL}


async def test_tls_is_verified_against_the_authorities_that_were_named(tmp_path: Path) -> None:
    """`QUYEN_FETCH_CA_FILE` adds an authority; without it, or under another name, its certificate is worth nothing."""
    ca_pem, context = make_certificate(tmp_path, "127.0.0.1")
    async with receiving(context) as receiver:
        assert await why(receiver.url) is Why.UNREACHABLE
        async with opened_fetcher(allow_loopback=True, ca_pem=ca_pem) as fetcher:
            assert (await fetcher.get(receiver.url, limit_bytes=10, seconds=5)).status == 200
            with pytest.raises(FetchFailed):
                await fetcher.get(receiver.url.replace("127.0.0.1", "localhost"), limit_bytes=10, seconds=5)
    assert len(receiver.came) == 1
