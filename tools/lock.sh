#!/bin/sh
# Writes the lock files: exact versions with hashes, for Python 3.11 and later, without the name of any registry.
# Usage: tools/lock.sh [uv]. With UPGRADE=1 everything moves to its newest version, else only what pyproject.toml asks for.
set -eu
cd "$(dirname "$0")/.."
uv=${1:-.venv/bin/uv}

compile() { # compile <out> <arguments of uv pip compile ...>
  out=$1; shift
  "$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
    ${UPGRADE:+--upgrade} --custom-compile-command "make lock" --output-file "$out" "$@"
}

compile requirements-build.lock tools/build.in
compile requirements.lock pyproject.toml
compile requirements-dev.lock --extra dev --constraints requirements.lock pyproject.toml
compile requirements-synapse.lock tools/synapse.in
compile requirements-kiotviet-client.lock tools/kiotviet-client.in
