"""Where a caller stands, as limits count it."""

from ipaddress import IPv6Address, IPv6Network, ip_address

from aiohttp import web

_SUBSCRIBER_BITS = 64


def address_of(request: web.Request) -> str:
    """Return the peer's address; of an IPv6 peer its /64, all of which one subscriber has to choose from.

    `server.py` decides whom it believes about a peer behind a proxy and sets `remote` accordingly.
    """
    try:
        address = ip_address(request.remote or "")
    except ValueError:
        return request.remote or "local socket"
    if isinstance(address, IPv6Address):
        mapped = address.ipv4_mapped
        return str(mapped or IPv6Network((address, _SUBSCRIBER_BITS), strict=False))
    return str(address)
