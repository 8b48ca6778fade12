"""Which URLs may be fetched: https with a host and nothing odd, and http on loopback where a demo says so."""

from urllib.parse import SplitResult, urlsplit

LONGEST_URL = 2048
_ODD = frozenset('"<>\\^`{|}')
LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})


def check_fetchable(raw_url: str, *, allow_loopback: bool) -> SplitResult:
    """Return the parts of a URL that may be fetched; where its host leads is judged when it is connected to.

    Raises:
        ValueError: another scheme, no host, a user, a fragment, a sign outside printable ASCII, too long, a bad port.
    """
    if (
        len(raw_url) > LONGEST_URL
        or any(not "!" <= sign <= "~" for sign in raw_url)
        or set(raw_url) & set('"<>\\^`{|}')
    ):
        raise ValueError("a URL is printable ASCII without quotes or spaces, at most 2,048 signs")
    parts = urlsplit(raw_url)
    if not parts.hostname or parts.username is not None or parts.password is not None or "#" in raw_url:
        raise ValueError("a URL names a host, and holds no user and no fragment")
    if parts.port == 0:  # a port that is no number raises ValueError by itself
        raise ValueError("a port is 1 to 65535")
    if parts.scheme != "https" and not (allow_loopback and is_plain_loopback(parts)):
        raise ValueError("a URL is https")
    return parts


def is_plain_loopback(parts: SplitResult) -> bool:
    """Say whether a URL is http on this very machine."""
    return parts.scheme == "http" and parts.hostname in LOOPBACK_HOSTS
