"""The platforms' own OAuth, for clients that know nothing else: tables of names and errors onto the one engine.

Owns: under which names a platform's clients send and hear things. Must not know: how a request is judged, a code
redeemed or a person asked: that is the engine's (`authorize.begin`, `token.exchange`), and the consent screen is the
one there is. To add one more: a row in `records/apps/dialects.py`, and a module with its tables and an `endpoints`
function, named in `SPOKEN`. Only apps that
were registered for that dialect may use it, by a secret, as bearer, from the addresses that they registered.
"""

from collections.abc import Callable, Mapping

from gateway.doors import Endpoint
from gateway.doors.oauth.dialects import kiotviet, zalo
from gateway.doors.oauth.door import OAuthDoor

SPOKEN: Mapping[str, Callable[[OAuthDoor], list[Endpoint]]] = {
    zalo.PLATFORM: zalo.endpoints,
    kiotviet.PLATFORM: kiotviet.endpoints,
}


def dialect_endpoints(door: OAuthDoor) -> list[Endpoint]:
    """Return what the door serves in the dialects of the platforms that are set up here."""
    return [row for platform, endpoints in SPOKEN.items() if platform in door.platforms for row in endpoints(door)]
