#!/bin/sh
# Forget the demo's data, unless one of its processes still runs: it would go on with files that nobody can see.
set -eu

folder="$PWD/.demo"
running=""
for each in /proc/[0-9]*; do
  words=$(tr '\0' '\n' 2>/dev/null <"$each/cmdline") || continue
  printf '%s\n' "$words" | grep -qx 'gateway\.cli\.demo\.child' || continue
  printf '%s\n' "$words" | grep -qF "$folder/" || continue
  running="$running ${each#/proc/}"
done
if [ -n "$running" ]; then
  echo "the demo still runs: end it first, with Ctrl-C where it runs, or with: kill$running" >&2
  exit 1
fi
rm -rf "$folder"
