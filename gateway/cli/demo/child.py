"""`python -m gateway.cli.demo.child MODULE ...`: runs a module of ours, and ends it when the demo itself is gone.

The demo holds the other end of standard input: when it dies, however it dies, the pipe closes. Otherwise the children
would live on and hold its ports.
"""

import os
import runpy
import signal
import sys
from threading import Thread


def end_with_the_demo() -> None:
    """Wait until the pipe closes, then ask this process to end as SIGTERM does."""
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    Thread(target=end_with_the_demo, daemon=True).start()
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
