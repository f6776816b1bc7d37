#!/bin/bash
# browser.sh chat BASE_URL [--screenshot DIR]   -- the chat page and the WebSocket API in a real browser
# browser.sh deflate MODE=BASE_URL...           -- compression: the same API, with `duplex serve --compression MODE`
# browser.sh http2 URL LOG                      -- WebSockets over HTTP/2, on a server with TLS that logs to LOG
#   BASE_URL  where `duplex serve` listens, for instance http://127.0.0.1:3000
# Environment: CHROMIUM=/usr/bin/chromium   BROWSER_HOME=folder for the virtualenv
# Exit: 0 all passed; 1 some check failed; 2 the test could not be set up.
set -euo pipefail
[ $# -ge 2 ] && [[ $1 = chat || $1 = deflate || $1 = http2 ]] || { sed -n 2,7p "$0"; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
export CHROMIUM=${CHROMIUM:-/usr/bin/chromium}
BROWSER_HOME=${BROWSER_HOME:-${XDG_CACHE_HOME:-$HOME/.cache}/duplex-browser}
# shellcheck source=../Support/python.sh
. "$here/../Support/python.sh"

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }
log=$(mktemp); trap 'rm -f "$log"' EXIT

if [ ! -x "$CHROMIUM" ]; then
  echo "installing chromium by apt-get" >&2
  # The lists may be missing or stale, so a first failure asks for an update. A font comes along: without
  # one Chromium has nothing to lay text out with.
  install() { as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core; }
  { install || { as_root apt-get update -qq && install; }; } >"$log" 2>&1 || true
  [ -x "$CHROMIUM" ] || { echo "browser.sh: no $CHROMIUM, and apt-get could not install it ($(tail -n 1 "$log")); install Debian's package chromium" >&2; exit 2; }
fi

private_python "$BROWSER_HOME" playwright==1.65.2 || exit 2
test=$here/$1_test.py; shift
"$python" "$test" "$@"
