"""Where a caller stands, as limits count it, also behind the TLS proxy that every gateway on the open network has."""

import re
from collections.abc import Iterable, Iterator, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

Networks = Sequence[IPv4Network | IPv6Network]

_ADDRESS = web.RequestKey("address", str)
_SUBSCRIBER_BITS = 64
_FOR = re.compile(r'\s*for="?([^";,\s]+)"?\s*', re.IGNORECASE)
_WITH_PORT = re.compile(r"\[([0-9A-Fa-f:.]+)\](?::[0-9]+)?|([0-9.]+)(?::[0-9]+)?")


def addresses(trusted: Networks) -> Middleware:
    """Return the middleware that notes where each request comes from.

    Args:
        trusted: the networks of the operator's own proxies; what anybody else says about an address is not believed.
    """

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        request[_ADDRESS] = _find_caller(request, trusted)
        return await handler(request)

    return middleware


def address_of(request: web.Request) -> str:
    """Return the caller's address; of an IPv6 caller its /64, all of which one subscriber has to choose from."""
    caller: str = request.get(_ADDRESS, request.remote or "")
    address = _parse(caller)
    if address is None:
        return caller or "local socket"
    return str(IPv6Network((address, _SUBSCRIBER_BITS), strict=False) if isinstance(address, IPv6Address) else address)


def is_within(request: web.Request, networks: Iterable[str]) -> bool:
    """Say whether the caller's own address lies in one of the networks."""
    caller = _parse(request.get(_ADDRESS, request.remote or ""))
    return caller is not None and any(caller in ip_network(each) for each in networks)


def _find_caller(request: web.Request, trusted: Networks) -> str:
    """Walk back from the peer over the hops that our own proxies name, to the first that is not one of them."""
    caller = request.remote or ""
    hops = _list_hops(request)
    while _is_trusted(_parse(caller), trusted):
        hop = _parse(next(hops, ""))
        if hop is None:
            break
        caller = str(hop)
    return caller


def _list_hops(request: web.Request) -> Iterator[str]:
    """List what stands in `Forwarded` (RFC 7239) or `X-Forwarded-For`, nearest first.

    Both at once are nobody's word: a proxy that writes the one passes on the other, which the caller wrote.
    """
    standard, usual = (request.headers.getall(name, []) for name in ("Forwarded", "X-Forwarded-For"))
    if standard and usual:
        return
    for element in reversed(",".join(standard or usual).split(",")):
        if usual:
            yield element.strip()
        else:
            named = [match[1] for match in map(_FOR.fullmatch, element.split(";")) if match]
            yield named[0] if len(named) == 1 else ""


def _parse(raw: str) -> IPv4Address | IPv6Address | None:
    """Read an address, with or without a port; an IPv4 address written as IPv6 is the IPv4 address."""
    match = _WITH_PORT.fullmatch(raw)
    try:
        address = ip_address((match[1] or match[2]) if match else raw)
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def _is_trusted(address: IPv4Address | IPv6Address | None, trusted: Networks) -> bool:
    return address is not None and any(address in network for network in trusted)
