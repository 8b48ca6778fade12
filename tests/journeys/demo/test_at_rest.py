"""What passed through is nowhere at rest, and no secret is at rest in the clear: the bytes of the demo's own files."""

import json
import re
import stat
from pathlib import Path
from typing import Final

from gateway.cli.demo.seeds import FOLLOWER
from gateway.sandbox.zalo.seeds import ACCOUNTS
from tests.journeys.demo.running import RunningDemo
from tests.journeys.demo.walking import Walker

OWNER = "chu-shop-2"
MARKER: Final = "dauvet7Qx9Lm, gọi 0912000347"
TOKEN: Final = re.compile(rb"q(?:at|rt|ac|cs)_[0-9A-Za-z]{49}")
ZALO_SECRETS: Final = {"access_token", "secret_key"}
# The platform's stand-in, the app's own tokens, and what the demo tells its user (contract: the exception to I8).
NOT_THE_GATEWAYS: Final = {
    "sandbox-zalo.state",
    "sandbox-kiotviet.state",
    "sandbox.json",
    "sample-app.state",
    "sample-app.json",
}
TOLD_TO_THE_USER: Final = {"demo.json", "seeded.json", "master.key", "zalo-app.secret", "kiotviet-keys.json"}


def kept(demo: RunningDemo) -> dict[str, bytes]:
    """Return every file that the gateway keeps, the write-ahead log of its database and its log among them."""
    files = [path for path in demo.folder.rglob("*") if path.is_file()]
    return {path.name: path.read_bytes() for path in files if path.name not in NOT_THE_GATEWAYS | TOLD_TO_THE_USER}


def find_in(files: dict[str, bytes], text: str) -> list[str]:
    """Return the names of the files that hold this text."""
    return [name for name, content in files.items() if text.encode() in content]


async def test_what_passed_through_is_stored_nowhere(walker: Walker) -> None:
    """A sent text, its phone number and every follower's data reach the platform or the app, and no file (I6)."""
    demo, page, account = walker.demo, walker.page, walker.demo.account(OWNER)["external_id"]
    before = demo.newest_received()
    await walker.send(demo.app(), account, text=MARKER)
    assert MARKER in json.loads(demo.received(before)[-1]["body"])["message"]["text"]
    await walker.show("/followers", demo.app(), account)
    shown = await page.locator("table").inner_text()
    follower = next(each for each in ACCOUNTS[account].followers if each != FOLLOWER)  # who is no person here
    assert follower.contact is not None
    passed = [follower.display_name, str(follower.contact.phone), follower.contact.address]
    assert all(text in shown for text in passed)
    files = kept(demo)
    assert find_in(files, demo.app()["client_id"]), "the files that are searched hold what the gateway does keep"
    for text in [*MARKER.split(", "), "0912000347", *passed]:
        assert find_in(files, text) == [], text


def test_no_secret_is_at_rest_in_the_clear(demo: RunningDemo) -> None:
    """Neither tokens, client secrets, passwords nor the platform's own tokens stand in a file that is kept (I8)."""
    files, apps_own = kept(demo), (demo.folder / "sample-app.state").read_bytes()
    assert TOKEN.search(apps_own), "what is searched for looks like this"
    assert [name for name, content in files.items() if TOKEN.search(content)] == []
    platforms = {value for each in demo.received() for name, value in each["headers"].items() if name in ZALO_SECRETS}
    secrets = [*platforms, *(person["password"] for person in demo.facts["people"])]
    secrets += [token.decode() for token in TOKEN.findall(apps_own)]
    secrets += [app["client_secret"] for app in demo.facts["apps"] if app["client_secret"]]
    secrets += [(demo.folder / name).read_text() for name in ("master.key", "zalo-app.secret")]
    secrets += [key["client_secret"] for key in demo.facts["shop_keys"]]
    assert len(platforms) >= 2, "the platform was called with the gateway's own secret and an account's token"
    assert {secret: find_in(files, secret) for secret in secrets if find_in(files, secret)} == {}


def test_files_belong_to_their_owner_alone(demo: RunningDemo) -> None:
    """The folder and all folders in it are 0700, every file and socket 0600."""
    found = {path: stat.S_IMODE(path.stat().st_mode) for path in [demo.folder, *demo.folder.rglob("*")]}
    wrong = {str(path): oct(mode) for path, mode in found.items() if mode != wanted_mode(path)}
    assert wrong == {}


def wanted_mode(path: Path) -> int:
    """Return the mode that a file of the demo should have."""
    return 0o700 if path.is_dir() else 0o600
