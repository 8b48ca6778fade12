#!/bin/sh
# Compiles each translation (.po) whose .mo is missing or older; .mo files are built, never committed.
# Usage: tools/build_texts.sh [pybabel]
set -eu
cd "$(dirname "$0")/.."
pybabel=${1:-.venv/bin/pybabel}
find gateway -name '*.po' | while read -r po; do
  mo="${po%.po}.mo"
  if [ ! -e "$mo" ] || [ -n "$(find "$po" -newer "$mo")" ]; then
    "$pybabel" --quiet compile --input-file "$po" --output-file "$mo"
  fi
done
