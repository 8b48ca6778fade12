#!/bin/sh
# Builds a virtual environment from lock files; does nothing while they stay the same.
# Usage: tools/setup_venv.sh [--project] <folder> <lock file> ...      (--project: install Quyen itself, editable, too)
# PYTHON chooses the interpreter; else the first of python3.13, 3.12, 3.11 and python3 that is 3.11 or later and has venv.
set -eu
cd "$(dirname "$0")/.."
project=
[ "$1" != --project ] || { project=yes; shift; }
venv=$1; shift

find_python() {
  for name in ${PYTHON:-python3.13 python3.12 python3.11 python3}; do
    if "$name" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      echo "$name"; return
    fi
  done
  echo "Quyen needs Python 3.11 or later with its venv module; on Debian or Ubuntu: apt-get install python3-venv" >&2
  return 1
}

# One stamp for each set of locks: `make demo` and `make test` share a folder but not a set.
stamp="$venv/.stamp-$(basename "$1" .lock)"
wanted=$(cat "$@" ${project:+pyproject.toml} | cksum; echo "${project:+$PWD}")
if [ ! -x "$venv/bin/python" ] || ! "$venv/bin/python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
   ! grep -qsFx "$(cd "$venv" && pwd -P)" "$venv/.place"; then
  python=$(find_python)
  echo "$venv: made by $("$python" --version)"
  "$python" -m venv --clear "$venv"
  (cd "$venv" && pwd -P > .place)  # scripts in a virtual environment hold its path: a moved one is made anew
fi
if [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ]; then
  echo "$venv: installing $*"
  set -- $(for lock; do printf -- '-r %s ' "$lock"; done)
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input --only-binary :all: --require-hashes "$@"
  [ -z "$project" ] || "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input --no-index --no-deps \
    --no-build-isolation --config-settings editable_mode=compat --editable .
  printf '%s\n' "$wanted" > "$stamp"
fi
[ -z "$project" ] || tools/build_texts.sh "$venv/bin/pybabel"
