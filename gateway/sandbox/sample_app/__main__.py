"""`python -m gateway.sandbox.sample_app --config FILE`: serves the sample app until SIGTERM."""

import sys

from aiohttp import web

from gateway.sandbox.sample_app.app import build_sample_app
from gateway.sandbox.sample_app.config import SampleAppConfig, read_config
from gateway.sandbox.serving import run_program
from gateway.terms.clock import SystemClock
from gateway.terms.entropy import SystemEntropy


def build(config: SampleAppConfig) -> tuple[web.Application, str]:
    """Assemble what the file asks for."""
    return build_sample_app(config, SystemClock(), entropy=SystemEntropy()), config.listen


if __name__ == "__main__":
    sys.exit(run_program("python -m gateway.sandbox.sample_app", read=read_config, build=build))
