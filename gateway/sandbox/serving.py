"""How a stand-in runs as a program of its own: quiet, ends cleanly on SIGTERM, names a port that is taken."""

import argparse
import sys
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import TypeVar

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from pydantic import BaseModel, ValidationError

USAGE_ERROR = 2
C = TypeVar("C", bound=BaseModel)

LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
"""Host names under which a stand-in is reached in the demo and in tests."""


def is_known_host(host: str, names: AbstractSet[str]) -> bool:
    """Whether a request's Host bears one of our names; a page that rebinds its DNS name to this machine does not."""
    name = host if host.endswith("]") else host.rsplit(":", 1)[0]
    return name.strip("[]").lower() in names


def allow_hosts(names: AbstractSet[str]) -> Middleware:
    """Make a middleware that serves these host names only."""

    @web.middleware
    async def check_host(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not is_known_host(request.host, names):
            return web.Response(status=421, text="this host name is not served here\n")
        return await handler(request)

    return check_host


def parse_listen(listen: str) -> tuple[str, int]:
    """Split `host:port`; `[::1]:8402` for IPv6. Raises `ValueError`."""
    host, colon, port = listen.rpartition(":")
    if not colon or not host or not port.isdecimal():
        raise ValueError(f"listen must be host:port, not {listen!r}")
    return host.strip("[]"), int(port)


def serve(app: web.Application, listen: str) -> int:
    """Serve until SIGTERM or Ctrl-C (0), or say why it cannot be (1)."""
    host, port = parse_listen(listen)
    try:
        web.run_app(app, host=host, port=port, access_log=None, print=None, shutdown_timeout=2.0)
    except OSError as error:
        sys.stderr.write(f"cannot listen on {listen}: {error.strerror or error}\n")
        return 1
    return 0


def run_program(prog: str, *, read: Callable[[Path], C], build: Callable[[C], tuple[web.Application, str]]) -> int:
    """Read `--config FILE`, build the application it describes and serve it; returns the exit code."""
    parser = argparse.ArgumentParser(prog=prog)
    parser.add_argument("--config", type=Path, required=True, metavar="FILE", help="JSON settings")
    path = parser.parse_args().config
    try:
        app, listen = build(read(path))
        parse_listen(listen)
    except (OSError, ValidationError, ValueError) as error:
        sys.stderr.write(f"{path}: {error}\n")
        return USAGE_ERROR
    return serve(app, listen)
