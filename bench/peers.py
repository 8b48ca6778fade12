"""The peers: an upstream that answers one fixed body, nginx in front of it, and a bare aiohttp pass-through."""

import asyncio
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.services.child import free_port

_NGINX = """
user root; worker_processes 1; daemon off; pid {folder}/{name}.pid; error_log {folder}/{name}.log warn;
events {{ worker_connections 1024; }}
http {{
  access_log off; keepalive_requests 1000000; default_type application/json;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  {content}
}}
"""
_UPSTREAM = "server {{ listen 127.0.0.1:{port}; root {folder}/www; location / {{ try_files /answer.json =404; }} }}"
_PROXY = """upstream up {{ server 127.0.0.1:{upstream}; keepalive 64; keepalive_requests 1000000; }}
  server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://up; proxy_http_version 1.1;
    proxy_set_header Connection ""; }} }}"""


class NoPeer(Exception):
    """A program that the comparison needs is not installed; the text names it."""


@contextmanager
def running_upstream(folder: Path, body: bytes) -> Iterator[tuple[int, int]]:
    """Run the upstream; yield its port and process id."""
    (folder / "www").mkdir(exist_ok=True)
    (folder / "www/answer.json").write_bytes(body)
    port = free_port()
    with _running(_nginx(folder, "upstream", _UPSTREAM.format(port=port, folder=folder))) as pid:
        yield port, pid


@contextmanager
def running_nginx(folder: Path, upstream: int) -> Iterator[tuple[int, int]]:
    """Run nginx as a plain proxy of the upstream."""
    port = free_port()
    with _running(_nginx(folder, "proxy", _PROXY.format(port=port, upstream=upstream))) as pid:
        yield port, pid


@contextmanager
def running_passthrough(upstream: int) -> Iterator[tuple[int, int]]:
    """Run an aiohttp server that hands each call on with an aiohttp client and checks nothing."""
    port = free_port()
    with _running([sys.executable, "-m", "bench.passthrough", str(port), str(upstream)]) as pid:
        yield port, pid


@contextmanager
def running_floor() -> Iterator[tuple[int, int]]:
    """Run an aiohttp server that reads a form and answers a fixed object: the least that any on it can cost."""
    port = free_port()
    with _running([sys.executable, "-m", "bench.floor", str(port)]) as pid:
        yield port, pid


async def wait_for_port(port: int) -> None:
    """Wait until something listens there, at most 30 s."""
    async with asyncio.timeout(30):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return


def _nginx(folder: Path, name: str, content: str) -> list[str]:
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if program is None:
        raise NoPeer("nginx is not installed: apt-get install nginx-light")
    config = folder / f"{name}.conf"
    config.write_text(_NGINX.format(folder=folder, name=name, content=content))
    return [program, "-c", str(config), "-p", str(folder), "-e", str(folder / f"{name}.log")]


@contextmanager
def _running(argv: list[str]) -> Iterator[int]:
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process.pid
    finally:
        process.terminate()
        process.wait(10)
