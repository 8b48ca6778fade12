"""Where a caller stands, as limits count it."""

import pytest
from aiohttp.test_utils import make_mocked_request

from gateway.ground.web.addresses import address_of


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
