"""`python -m gateway.cli`: the same as the command `quyen`."""

from gateway.cli.main import main

main(prog_name="quyen")
