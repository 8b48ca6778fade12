"""What tests of notices share: an app with an endpoint, what stands in its outbox, and checking what arrived."""

from base64 import b64decode
from typing import Any

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from standardwebhooks import Webhook

from gateway.acts.notice_endpoint import set_endpoint
from gateway.records.outbox import endpoints, queue
from gateway.records.outbox.types import Endpoint, Notice
from gateway.terms.clock import SystemClock
from tests.contract.steps import SYSTEM
from tests.house import Scene
from tests.stand_ins.receiver import Came


async def listen_at(scene: Scene, url: str) -> str:
    """Set the app's endpoint; return its secret. The wall clock is the machine's: receivers judge the time of a try."""
    scene.clock.skew(SystemClock().now() - scene.clock.now())
    return await set_endpoint(scene.house, scene.app.id, url, SYSTEM) or ""


async def list_notices(scene: Scene) -> list[Notice]:
    """Return the app's notices, oldest first."""
    async with scene.house.storage.read() as connection:
        return (await queue.list_of_app(connection, scene.app.id, 100, before=None))[::-1]


async def outcomes(scene: Scene) -> list[tuple[int, str, int, str]]:
    """Return version, state, tries and last outcome of each notice, by version."""
    return sorted((each.version or 0, each.state.value, each.tries, each.outcome) for each in await list_notices(scene))


async def find_endpoint(scene: Scene) -> Endpoint | None:
    """Return the app's endpoint."""
    async with scene.house.storage.read() as connection:
        return await endpoints.find(connection, scene.app.id)


async def public_keys(scene: Scene) -> list[str]:
    """Return the public keys of the app's live keys, newest first."""
    async with scene.house.storage.read() as connection:
        return [key.public_key for key in await endpoints.list_live_keys(connection, scene.app.id)]


def opened(came: Came, raw_secret: str) -> dict[str, Any]:
    """Verify a notice with the published library and return its body."""
    body: dict[str, Any] = Webhook(raw_secret).verify(came.body, came.headers)
    return body


def versions(came: list[Came]) -> list[int]:
    """Return the grant versions in the order in which they came."""
    return [orjson.loads(each.body)["data"]["version"] for each in came]


def is_signed_by(came: Came, public_key: str) -> bool:
    """Say whether one of the `v1a` signatures is of this `whpk_` key."""
    signed = f"{came.headers['webhook-id']}.{came.headers['webhook-timestamp']}.".encode() + came.body
    key = Ed25519PublicKey.from_public_bytes(b64decode(public_key.removeprefix("whpk_")))
    for each in came.headers["webhook-signature"].split(" "):
        if each.startswith("v1a,"):
            try:
                key.verify(b64decode(each.removeprefix("v1a,")), signed)
            except InvalidSignature:
                continue
            return True
    return False
