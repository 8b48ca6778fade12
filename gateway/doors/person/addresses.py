"""Where a visitor stands, as limits count it."""

from ipaddress import IPv6Address, IPv6Network, ip_address

from aiohttp import web

_SUBSCRIBER_BITS = 64


def address_of(request: web.Request) -> str:
    """Return the peer's address; of an IPv6 peer its /64, all of which one subscriber has to choose from."""
    try:
        address = ip_address(request.remote or "")
    except ValueError:
        return request.remote or ""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is None:
        return str(IPv6Network((address, _SUBSCRIBER_BITS), strict=False))
    return str(address.ipv4_mapped if isinstance(address, IPv6Address) else address)
