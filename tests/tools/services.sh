#!/bin/sh
# See that the programs the tests start are there: install them where this user may, else say what is missing.
# Nothing of them is left running: the tests start their own, on free ports. In CI a missing one is a failure.
set -eu

have() {
  command -v "$1" >/dev/null 2>&1 || ls /usr/lib/postgresql/*/bin/"$1" /usr/sbin/"$1" >/dev/null 2>&1
}

missing() {
  packages=""
  have mosquitto || packages="$packages mosquitto"
  have redis-server || packages="$packages redis-server"
  have initdb || packages="$packages postgresql"
  have chromium-headless-shell || have chromium || packages="$packages $(browser)"
  echo "$packages"
}

# Chromium without its windows, where a page costs a third; the other one where no such package is known.
browser() {
  if apt-cache show chromium-headless-shell >/dev/null 2>&1; then echo chromium-headless-shell; else echo chromium; fi
}

better() {
  have chromium-headless-shell || [ "$(browser)" = chromium ] || browser
}

packages="$(missing) $(better)"
[ "$packages" != " " ] || exit 0

if command -v apt-get >/dev/null 2>&1; then
  sudo=""
  [ "$(id -u)" = 0 ] || sudo="sudo -n"
  if [ -z "$sudo" ] || $sudo true 2>/dev/null; then
    echo "Installing what the tests start:$packages"
    export DEBIAN_FRONTEND=noninteractive
    $sudo apt-get update -qq || true
    packages="$(missing) $(better)"
    # shellcheck disable=SC2086  words on purpose
    $sudo apt-get install -y -qq --no-install-recommends $packages >/dev/null || true
  fi
fi

packages=$(missing)
[ -n "$packages" ] || exit 0
echo "Missing, and not installed from here:$packages" >&2
if [ "${CI:-}" = true ]; then
  echo "In CI nothing is left out: install them." >&2
  exit 1
fi
echo "The tests that need them are skipped. On Debian and Ubuntu: sudo apt-get install$packages" >&2
