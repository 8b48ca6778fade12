#!/bin/sh
# The real services that the tests start: Redis, PostgreSQL, Chromium, a font with Vietnamese letters, and npm.
# As root on Debian or Ubuntu: installs what is missing. Else: says exactly what to install, and fails.
set -eu

has_postgresql() { command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; }
has_chromium() {
  [ -x "${QUYEN_TEST_CHROMIUM:-/nonexistent}" ] && return
  for name in chromium-headless-shell chromium google-chrome; do
    if command -v "$name" >/dev/null; then return; fi
  done
  return 1
}
has_font() { [ -n "$(find /usr/share/fonts /usr/local/share/fonts -iname 'NotoSans-*' -print -quit 2>/dev/null)" ]; }

list_missing() {
  command -v redis-server >/dev/null || echo redis-server
  has_postgresql || echo postgresql
  has_chromium || echo chromium-headless-shell
  has_font || echo fonts-noto-core
  command -v npm >/dev/null || echo npm
  command -v setpriv >/dev/null || echo util-linux
}

missing=$(list_missing | tr '\n' ' ')
[ -n "$missing" ] || exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  echo "The tests start real services, and some are not installed. As root:  apt-get install $missing" >&2
  exit 1
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# The tests start servers of their own; the packages' own servers need not run.
guard=/usr/sbin/policy-rc.d
if [ ! -e "$guard" ]; then
  printf '#!/bin/sh\nexit 101\n' > "$guard"; chmod 755 "$guard"
  trap 'rm -f "$guard"' EXIT
fi
for package in $missing; do
  if ! apt-get install -y -qq --no-install-recommends "$package" >/dev/null; then
    echo "apt-get could not install $package." >&2
    [ "$package" != chromium-headless-shell ] ||
      echo "Ubuntu has no such package: install Google Chrome, or set QUYEN_TEST_CHROMIUM to any Chromium." >&2
    exit 1
  fi
done
missing=$(list_missing | tr '\n' ' ')
[ -z "$missing" ] || { echo "Still missing after the installation: $missing" >&2; exit 1; }
