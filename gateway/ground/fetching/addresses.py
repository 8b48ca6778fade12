"""Which addresses a stranger's name may lead to: those of the public internet, and loopback where a demo says so.

The lists are IANA's special-purpose registries, written out: `ipaddress.is_global` answers differently from one Python
to the next. Source: RFC 6890 and the registries of RFC 8190.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

_SPECIAL_V4 = tuple(
    IPv4Network(each)
    for each in (
        "0.0.0.0/8",  # this network; Linux connects 0.0.0.0 to loopback
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # shared by carriers (RFC 6598)
        "127.0.0.0/8",  # loopback
        "169.254.0.0/16",  # link-local, where clouds keep their metadata
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # IETF protocols
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # relays of 6to4, given up
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)
# Only 2000::/3 is given out to hosts, which leaves out loopback, mapped and compatible IPv4, NAT64, unique, link- and
# site-local and multicast at once. These parts of it lead elsewhere:
_GIVEN_V6 = IPv6Network("2000::/3")
_SPECIAL_V6 = tuple(
    IPv6Network(each)
    for each in (
        "2001::/23",  # IETF protocols, Teredo among them
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: an IPv4 address inside
        "3fff::/20",  # documentation
    )
)


def may_connect(raw_address: str, *, allow_loopback: bool) -> bool:
    """Say whether a stranger's name may lead to this address.

    Args:
        raw_address: as the socket would be given it, an IPv6 zone included; what is no address is refused.
        allow_loopback: this gateway itself is on loopback (the demo), so that its apps are.
    """
    try:
        address = ip_address(raw_address)
    except ValueError:
        return False
    if allow_loopback and address.is_loopback and not _is_mapped(address):
        return True
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _SPECIAL_V4)
    plain = IPv6Address(int(address))  # without its zone
    return plain in _GIVEN_V6 and not any(plain in network for network in _SPECIAL_V6)


def _is_mapped(address: IPv4Address | IPv6Address) -> bool:
    """Some Pythons call ::ffff:127.0.0.1 loopback; nobody resolves a name to it honestly."""
    return isinstance(address, IPv6Address) and address.ipv4_mapped is not None
