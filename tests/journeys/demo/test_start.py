"""Starting again: everything is kept, nothing that ended comes back; and what stands in a start's way is named."""

import json
import socket
from pathlib import Path

import psutil
import pytest
from playwright.async_api import expect

from tests.journeys.demo.running import RunningDemo, four_free_ports, is_free
from tests.journeys.demo.walking import Walker

pytestmark = pytest.mark.service

OWNER = "chu-shop-2"


async def test_a_second_start_keeps_what_was_decided(walker: Walker) -> None:
    """People, keys, sessions, tokens and grants are as they were, ended ones too; the processes are new."""
    page, demo, account = walker.page, walker.demo, walker.demo.account(OWNER)
    await walker.ask_for_consent(demo.app(1))
    await walker.sign_in(OWNER)
    await walker.decide(["who"], account=account["name"], duration="P30D")
    await page.wait_for_url(f"{demo.facts['sample_app']}/?connected=*")
    await walker.open("/permissions")
    grant_id = await walker.open_grant(demo.app(1)["name"], account["name"])
    assert demo.run("grant", "withdraw", grant_id).returncode == 0
    before, seeded, ended = (
        demo.facts,
        demo.tokens(demo.app(), account["external_id"]),
        demo.tokens(demo.app(1), account["external_id"]),
    )
    assert demo.stop() == 0
    assert all(is_free(demo.first_port + n) for n in range(4))
    assert not any(psutil.pid_exists(pid) for pid in before["processes"].values())
    demo.start()
    assert {name: demo.facts[name] for name in before if name not in {"processes", "accounts"}} == {
        name: before[name] for name in before if name not in {"processes", "accounts"}
    }
    assert all(psutil.pid_exists(pid) for pid in demo.facts["processes"].values())
    assert not set(demo.facts["processes"].values()) & set(before["processes"].values())
    assert (await demo.ask(demo.app(), "/oauth/introspect", token=seeded["access_token"]))["active"] is True
    await walker.show("/chat", demo.app(), account["external_id"])
    assert json.loads(await walker.result())["error"] == 0
    assert demo.tokens(demo.app(), account["external_id"]) == seeded
    reached = demo.newest_received()
    await walker.show("/followers", demo.app(1), account["external_id"])
    assert json.loads(await walker.result())["code"] == "invalid_token"
    refused = await demo.ask(
        demo.app(1), "/oauth/token", grant_type="refresh_token", refresh_token=ended["refresh_token"]
    )
    assert refused["error"] == "invalid_grant"
    assert demo.received(reached) == []
    await walker.open(f"/permissions/{grant_id}")
    await expect(page.locator("[data-ask=who]")).to_have_attribute("data-state", "withdrawn")
    assert demo.run("log", "verify").returncode == 0


@pytest.mark.parametrize("taken", [0, 3])
def test_a_port_in_use_is_named(tmp_path: Path, taken: int) -> None:
    """Whether the first or the last of the ports is in use, the start ends with 1, names it and leaves nothing."""
    demo = RunningDemo(tmp_path / "demo")
    with socket.socket() as other:
        other.bind(("127.0.0.1", demo.first_port + taken))
        other.listen()
        code, said = demo.fail()
    assert code == 1
    assert f"port {demo.first_port + taken} is in use" in said
    assert not demo.folder.exists()


def test_other_ports_than_the_folders_are_refused(demo: RunningDemo) -> None:
    """A folder belongs to the ports it was made on: addresses registered in it would not lead anywhere else."""
    moved = RunningDemo(demo.folder)
    moved.first_port = four_free_ports()
    code, said = moved.fail()
    assert code == 1
    assert f"QUYEN_DEMO_PORT={demo.first_port}" in said
    assert json.loads((demo.folder / "demo.json").read_text()) == demo.facts


def test_a_port_without_room_for_three_more_is_refused(tmp_path: Path) -> None:
    """A first port behind which there are not three more is refused in one line that names the setting."""
    demo = RunningDemo(tmp_path / "demo")
    code, said = demo.fail("65533")
    assert (code, len(said.strip().splitlines())) == (1, 1)
    assert "QUYEN_DEMO_PORT" in said


def test_the_table_tells_addresses_sign_ins_and_commands_that_work(demo: RunningDemo) -> None:
    """The one table names all that a newcomer needs: each address, each login with its password, commands for here."""
    said = demo.said
    told = [demo.facts["gateway"], demo.facts["api"], demo.facts["sample_app"], demo.facts["env_file"]]
    told += [word for person in demo.facts["people"] for word in (person["login"], person["password"])]
    told += [value for key in demo.facts["shop_keys"] for value in key.values() if value != "kiotviet"]
    assert [word for word in told if word not in said] == []
    assert said.splitlines()[-1] == "ready"
