"""Events in Zalo's own form, for apps of its dialect: what a receiver that knows Zalo's webhooks alone reads."""

from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path

import orjson
import pytest

from gateway.acts.notice_endpoint import rotate_key
from gateway.records.ledger.types import Actor
from gateway.records.outbox.keys import event_key_of, read_secret
from tests.contract.letters import opened
from tests.house import agree
from tests.ready import scene_in
from tests.stand_ins.clock import ManualClock
from tests.stand_ins.receiver import Came, Receiver
from tests.telling import FOLLOWER, KEY, Teller, listen, telling


@pytest.fixture
async def teller(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Teller]:
    """Yield Zalo, telling at a scene whose app is of Zalo's dialect."""
    async with scene_in(tmp_path, clock) as scene, telling(scene, is_native=True) as teller:
        yield teller


def is_zalos(came: Came, app_id: str, key: str) -> bool:
    """Verify as Zalo's docs say: SHA-256 over app id, the raw body, the body's timestamp and the secret key."""
    timestamp = orjson.loads(came.body)["timestamp"]
    mac = sha256(app_id.encode() + came.body + timestamp.encode() + key.encode()).hexdigest()
    return came.headers["x-zevent-signature"] == f"mac={mac}"


async def test_an_app_of_the_dialect_gets_zalos_own_form(teller: Teller, receiver: Receiver) -> None:
    """Zalo's members and order, the app's own id, its own key; filtered as everywhere, nothing of ours around it."""
    app_id = teller.scene.app.id
    key = event_key_of(read_secret(await listen(teller.scene, receiver.url)))
    await agree(teller.scene)
    said = teller.message("Còn bánh không?")
    await teller.tell(said)
    await teller.bring()
    (came,) = receiver.came
    assert is_zalos(came, app_id, key)
    assert not is_zalos(came, app_id, KEY)
    assert came.headers["content-type"] == "application/json"
    assert orjson.loads(came.body) == {
        "app_id": app_id,
        "event_name": "user_send_text",
        "timestamp": said["timestamp"],
        "sender": {"id": FOLLOWER},
        "recipient": {"id": teller.scene.account.external_id},
        "message": {"msg_id": "m1", "text": "Còn bánh không?"},
    }
    (line,) = await teller.list_log()
    assert (line.id, line.state) == (came.headers["webhook-id"], "delivered")


async def test_other_apps_and_notices_keep_to_the_standards(teller: Teller, receiver: Receiver) -> None:
    """An app without the dialect gets CloudEvents of the same event; and a notice on a grant is no event of Zalo's."""
    scene = teller.scene
    secret = await listen(scene, receiver.url, scene.public_app)
    await agree(scene, app=scene.public_app)
    await teller.tell(teller.message(event_name="user_submit_info", info={"name": "Lê Quang Huy (mẫu)"}))
    await teller.bring()
    body = opened(receiver.came[0], secret)
    assert body["data"]["event"]["info"] == {"name": "Lê Quang Huy (mẫu)"}


async def test_a_template_receipt_bears_zalos_header(teller: Teller, receiver: Receiver) -> None:
    """What came as a receipt of ZNS goes on as one, to an app that may send templates."""
    zalo = teller.door.hooks["zalo"]
    signed = zalo.sign(b'{"timestamp":"5"}', ("zns:user_received_message",), app_id="a", key="k")
    assert signed.headers["X-ZEvent-Server"] == "ZNS"
    assert signed.body == b'{"app_id":"a","timestamp":"5"}'
    assert zalo.sign(b"{}", ("follow",), app_id='a"', key="k").body == b'{"app_id":"a\\""}'


async def test_a_rotated_key_signs_at_once(teller: Teller, receiver: Receiver) -> None:
    """Zalo's form has room for one signature: the newest key's."""
    first = await listen(teller.scene, receiver.url)
    second = await rotate_key(teller.scene.house, teller.scene.app.id, Actor.system())
    await agree(teller.scene)
    await teller.tell(teller.message())
    await teller.bring()
    keys = [event_key_of(read_secret(secret)) for secret in (first, second)]
    assert [is_zalos(receiver.came[0], teller.scene.app.id, key) for key in keys] == [False, True]


async def test_the_event_key_is_another_than_its_secret(teller: Teller) -> None:
    """Who holds the one cannot compute the other from it, nor pass off what is signed under it."""
    secret = await listen(teller.scene, "http://127.0.0.1:9/")
    key = event_key_of(read_secret(secret))
    assert (len(key), key in secret, secret in key) == (40, False, False)
    assert event_key_of(b"x" * 36) == event_key_of(b"x" * 36) != event_key_of(b"y" * 36)
