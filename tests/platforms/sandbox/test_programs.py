"""The two runnable programs and the stand-ins' front pages."""

import asyncio
import json
import signal
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestServer, unused_port

import gateway.sandbox.__main__ as gateway_sandbox
import gateway.sandbox.sample_app.__main__ as sample_app
from gateway.sandbox.config import SandboxConfig
from gateway.sandbox.serving import parse_listen, run_program
from gateway.sandbox.zalo.config import ZaloSandboxConfig
from tests.platforms.sandbox.zalo_caller import APP_ID, APP_SECRET, CALLBACK, ZaloCaller

ROOT = Path(__file__).parents[3]
SECONDS_TO_START = 20.0


def sandbox_settings(port: int, folder: Path) -> dict[str, Any]:
    """The JSON of a sandbox."""
    zalo = {
        "app_id": APP_ID,
        "app_secret": APP_SECRET,
        "callback_urls": [CALLBACK],
        "state_path": str(folder / "z.json"),
    }
    return {"listen": f"127.0.0.1:{port}", "zalo": zalo}


def pos_settings(port: int, folder: Path) -> dict[str, Any]:
    """The JSON of a sample app."""
    url = f"http://127.0.0.1:{port}"
    apps = [
        {
            "client_id": "qca_1",
            "client_secret": None,
            "name": "Sổ (mẫu)",
            "dialect": None,
            "redirect_uri": f"{url}/callback",
        }
    ]
    settings = {"listen": f"127.0.0.1:{port}", "public_url": url, "issuer": "http://127.0.0.1:1", "apps": apps}
    return {**settings, "api_url": "http://127.0.0.1:1", "state_path": str(folder / "pos.json")}


PROGRAMS = {"gateway.sandbox": sandbox_settings, "gateway.sandbox.sample_app": pos_settings}


async def start(module: str, *arguments: str) -> asyncio.subprocess.Process:
    """Start a program as the demo does."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "error", "-m", module, *arguments),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def wait_until_served(port: int) -> None:
    """Return when something listens."""
    async with asyncio.timeout(SECONDS_TO_START):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return


@pytest.mark.parametrize("module", PROGRAMS)
async def test_program_serves_and_ends_quietly(module: str, tmp_path: Path, http: aiohttp.ClientSession) -> None:
    """A program serves its front page, ends with 0 on SIGTERM, and has printed nothing."""
    port, config = unused_port(), tmp_path / "config.json"
    config.write_text(json.dumps(PROGRAMS[module](port, tmp_path)))
    running = await start(module, "--config", str(config))
    await wait_until_served(port)
    async with http.get(f"http://127.0.0.1:{port}/") as page:
        assert page.status == 200
    running.send_signal(signal.SIGTERM)
    assert (await running.communicate(), running.returncode) == ((b"", b""), 0)


@pytest.mark.parametrize("module", PROGRAMS)
async def test_program_names_a_port_in_use(module: str, tmp_path: Path) -> None:
    """A port that is taken is named, and the program ends with 1."""
    taken = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
    port, config = taken.sockets[0].getsockname()[1], tmp_path / "config.json"
    config.write_text(json.dumps(PROGRAMS[module](port, tmp_path)))
    running = await start(module, "--config", str(config))
    _, complaint = await running.communicate()
    taken.close()
    await taken.wait_closed()
    assert (running.returncode, str(port) in complaint.decode()) == (1, True)


@pytest.mark.parametrize("program", [gateway_sandbox, sample_app], ids=["sandbox", "sample app"])
@pytest.mark.parametrize("content", [None, "{", "{}", '{"listen": "8402"}'])
def test_program_refuses_bad_settings(
    program: ModuleType,
    content: str | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Settings that are missing or wrong end the program with 2 and a word about why."""
    config = tmp_path / "config.json"
    if content is not None:
        config.write_text(content)
    monkeypatch.setattr(sys, "argv", ["program", "--config", str(config)])
    code = run_program("program", read=program.read_config, build=program.build)
    printed = capsys.readouterr()
    assert (code, printed.out, str(config) in printed.err) == (2, "", True)


@pytest.mark.parametrize("listen, parsed", [("127.0.0.1:1", ("127.0.0.1", 1)), ("[::1]:84", ("::1", 84))])
def test_listen(listen: str, parsed: tuple[str, int]) -> None:
    """Host and port are split, brackets of IPv6 go."""
    assert parse_listen(listen) == parsed


@pytest.mark.parametrize("listen", ["8402", ":8402", "a:", "a:b", ""])
def test_bad_listen(listen: str) -> None:
    """What is no host:port is refused."""
    with pytest.raises(ValueError, match="host:port"):
        parse_listen(listen)


async def test_front_pages(config: ZaloSandboxConfig, http: aiohttp.ClientSession) -> None:
    """The front page lists the OAs and who is linked; the other shows arrivals, secrets shortened, markup escaped."""
    app, _ = gateway_sandbox.build(SandboxConfig(listen="127.0.0.1:0", zalo=config))
    async with TestServer(app) as server:
        zalo = ZaloCaller(http, str(server.make_url("/zalo")))
        site = ZaloCaller(http, str(server.make_url("")).rstrip("/"))
        _, _, before = await site.raw("GET", "/")
        pair = await zalo.link()
        await zalo.get("/v2.0/oa/getoa", pair["access_token"])
        await zalo.raw("POST", "/v2.0/x?<script>", data=b"<script>")
        _, _, front = await site.raw("GET", "/")
        _, _, page = await site.raw("GET", "/received")
        assert (await site.raw("GET", "/static/front.css"))[0] == 200
        assert (await site.raw("GET", "/static/nothing"))[0] == 404
        assert (await site.raw("GET", "/received", headers={"Host": "evil.example"}))[0] == 421
    assert before.decode().count("Đang có ứng dụng kết nối") == 0
    assert front.decode().count("Đang có ứng dụng kết nối") == 1
    text = page.decode()
    assert text.count('<p class="line">') == 4
    assert not any(secret in text for secret in (*pair.values(), APP_SECRET) if secret != "90000")
    assert pair["access_token"][:6] in text
    assert "<script" not in text


async def test_sandbox_without_platforms(http: aiohttp.ClientSession) -> None:
    """Without settings of a platform there is none, and the pages say so."""
    app, _ = gateway_sandbox.build(SandboxConfig(listen="127.0.0.1:0"))
    async with TestServer(app) as server:
        site = ZaloCaller(http, str(server.make_url("")).rstrip("/"))
        assert "Chưa bản giả lập nào" in (await site.raw("GET", "/"))[2].decode()
        assert (await site.raw("GET", "/received"))[0] == 200
        assert (await site.raw("GET", "/zalo/v2.0/oa/getoa"))[0] == 404
