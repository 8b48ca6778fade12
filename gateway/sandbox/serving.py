"""How a stand-in runs as a program of its own: quiet, ends cleanly on SIGTERM, names a port that is taken."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from aiohttp import web
from pydantic import BaseModel, ValidationError

USAGE_ERROR = 2
C = TypeVar("C", bound=BaseModel)


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
