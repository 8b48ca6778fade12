"""The tests speak to this machine only: a connection to anywhere else raises, whoever in the test process opens it."""

import ipaddress
import sys


class LeftTheMachineError(RuntimeError):
    """A test tried to reach another machine."""


def allow_loopback_only() -> None:
    """Watch every outgoing connection of this process from now on (an audit hook cannot be taken back)."""
    sys.addaudithook(_check)


def _check(event: str, arguments: tuple[object, ...]) -> None:
    if event not in {"socket.connect", "socket.sendto"}:
        return
    address = arguments[1]
    if isinstance(address, tuple) and not is_loopback(str(address[0])):
        raise LeftTheMachineError(f"{event} to {address!r}: tests reach loopback only")


def is_loopback(host: str) -> bool:
    """Tell whether a host, written as a name or an address, is this machine."""
    if host in {"localhost", ""}:
        return True
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False
