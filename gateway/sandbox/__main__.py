"""`python -m gateway.sandbox --config FILE`: serves the stand-ins and their front page until SIGTERM."""

import sys

from aiohttp import web

from gateway.sandbox.config import SandboxConfig, read_config
from gateway.sandbox.front import add_front
from gateway.sandbox.kiotviet import app as kiotviet
from gateway.sandbox.serving import allow_hosts, run_program
from gateway.sandbox.zalo import app as zalo
from gateway.terms.clock import SystemClock
from gateway.terms.entropy import SystemEntropy


def build(config: SandboxConfig) -> tuple[web.Application, str]:
    """Assemble what the file asks for."""
    app = web.Application(middlewares=[allow_hosts(config.hosts)])
    add_front(app)
    if config.zalo is not None:
        zalo.mount(app, config.zalo, clock=SystemClock(), entropy=SystemEntropy())
    if config.kiotviet is not None:
        kiotviet.mount(app, config.kiotviet, clock=SystemClock(), entropy=SystemEntropy())
    return app, config.listen


if __name__ == "__main__":
    sys.exit(run_program("python -m gateway.sandbox", read=read_config, build=build))
