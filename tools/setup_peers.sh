#!/bin/sh
# The published JavaScript programs that the tests speak to, and the Node that runs them, into tests/peers/node_modules;
# does nothing while the lock file stays the same. No package may run a script while it is installed.
set -eu
cd "$(dirname "$0")/../tests/peers"
wanted=$(cksum < package-lock.json)
stamp=node_modules/.quyen-stamp
[ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ] || exit 0
command -v npm >/dev/null || { echo "npm is not installed: run tools/ensure_services.sh" >&2; exit 1; }
echo "tests/peers: installing package-lock.json"
npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null
printf '%s\n' "$wanted" > "$stamp"
