"""The kinds of text that a setting may be: each checked, and spelled in one way where two spellings mean one thing."""

from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BeforeValidator

from gateway.ground.storage.engines import is_usable

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_DEFAULT_PORTS = {"http": 80, "https": 443}


def is_on_loopback(url: str) -> bool:
    """Whether only this machine reaches the host of a URL."""
    return urlsplit(url).hostname in _LOOPBACK


def origin_of(url: str) -> str:
    """Return the origin of a checked URL, spelled as a browser spells it."""
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    port = "" if parts.port in {None, _DEFAULT_PORTS[parts.scheme]} else f":{parts.port}"
    return f"{parts.scheme}://{host}{port}"


def _base(value: str) -> str:
    """Check the start of a URL: over TLS or loopback, and nothing in it that is secret or comes after a path.

    What comes back is spelled as a browser spells an origin, so that two spellings of one are one.
    """
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or not _has_port(parts):
        raise ValueError("must be http(s)://host[:port]")
    if any(not "!" <= sign <= "~" for sign in value) or {"@", "?", "#"} & set(value):
        raise ValueError("must be printable ASCII without user, query or fragment")
    if parts.scheme == "http" and not is_on_loopback(value):
        raise ValueError("must be https; http is for loopback only")
    return f"{origin_of(value)}{parts.path}".rstrip("/")


def _origin(value: str) -> str:
    origin = _base(value)
    if urlsplit(origin).path:
        raise ValueError("must be an origin: no path")
    return origin


def _issuer(value: str) -> str:
    """Check an issuer and leave it as it is: it is compared byte for byte with what the provider writes."""
    _base(value)
    return value


def _has_port(parts: SplitResult) -> bool:
    try:
        return parts.port is None or parts.port > 0
    except ValueError:
        return False


def _address(value: str) -> str:
    host, _, port = value.rpartition(":")
    if not host or not port.isdecimal() or not port.isascii() or int(port) > 65535:
        raise ValueError("must be host:port")
    return value


def _networks(value: str) -> tuple[IPv4Network | IPv6Network, ...]:
    if value.strip() == "none":
        return ()
    try:
        return tuple(ip_network(each.strip()) for each in value.split(","))
    except ValueError:
        raise ValueError("must be networks like 10.0.0.0/8,fd00::/8, or none") from None


def _database(value: str) -> str:
    if not is_usable(value):
        raise ValueError("must be sqlite+aiosqlite:///file or postgresql+asyncpg://...")
    return value


Origin = Annotated[str, AfterValidator(_origin)]
Base = Annotated[str, AfterValidator(_base)]
Database = Annotated[str, AfterValidator(_database)]
Issuer = Annotated[str, AfterValidator(_issuer)]
Address = Annotated[str, AfterValidator(_address)]
Networks = Annotated[tuple[IPv4Network | IPv6Network, ...], BeforeValidator(_networks, json_schema_input_type=str)]


def check_provider(name: str, url: str, *, public_url: str, api_url: str) -> None:
    """Refuse a provider that could vouch for nobody: the gateway itself, or one that passwords reach in the clear.

    Raises:
        ValueError: it is one of these; the text says which.
    """
    if origin_of(url) in {public_url, api_url}:
        raise ValueError(f"{name} must be another origin than the gateway's own")
    if urlsplit(url).scheme == "http" and public_url.startswith("https:"):
        raise ValueError(f"{name} must be https where QUYEN_PUBLIC_URL is")
