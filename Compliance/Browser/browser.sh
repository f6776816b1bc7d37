#!/bin/bash
# browser.sh chat BASE_URL [--screenshot DIR]   -- the chat page and the WebSocket API in a real browser
# browser.sh match BASE_URL                     -- the page of the live match
# browser.sh locations BASE_URL                 -- the page of the couriers
# browser.sh ways BASE_URL [--screenshot DIR]   -- the page /ways, and its counters against bytes counted on sockets
# browser.sh deflate MODE=BASE_URL...           -- compression: the same API, with `duplex serve --compression MODE`
# browser.sh http2 URL LOG                      -- WebSockets over HTTP/2, on a server with TLS that logs to LOG
# browser.sh firefox URL LOG                    -- the same in Firefox; the others are in Chromium
# browser.sh rooms [BASE_URL] [--seed N]        -- the rooms' client, through a proxy that stands in its way, against a mock
#                                                  of the protocol, or the rooms and the /duplex.js of a server
# browser.sh nginx_rooms BASE_URL [--seed N]    -- the same client through a real nginx whose configuration changes under it
#   BASE_URL  where `duplex serve` listens, for instance http://127.0.0.1:3000
# Environment: CHROMIUM=/usr/bin/chromium   FIREFOX=/usr/bin/firefox-esr   BROWSER_HOME=folder for the virtualenv
# Exit: 0 all passed; 1 some check failed; 2 the test could not be set up.
set -euo pipefail
{ [ $# -ge 2 ] && [[ $1 =~ ^(chat|match|locations|ways|deflate|http2|firefox|nginx_rooms)$ ]]; } || [ "${1:-}" = rooms ] || { sed -n 2,14p "$0"; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
export CHROMIUM=${CHROMIUM:-/usr/bin/chromium} FIREFOX=${FIREFOX:-/usr/bin/firefox-esr}
BROWSER_HOME=${BROWSER_HOME:-${XDG_CACHE_HOME:-$HOME/.cache}/duplex-browser}
# shellcheck source=../Support/python.sh
. "$here/../Support/python.sh"

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }
log=$(mktemp); trap 'rm -f "$log"' EXIT

# browser EXECUTABLE PACKAGE   -- installs the browser if it is not there
browser() {
  [ -x "$1" ] && return
  echo "installing $2 by apt-get" >&2
  # The lists may be missing or stale, so a first failure asks for an update. A font comes along: without
  # one a browser has nothing to lay text out with.
  install() { as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$1" fonts-dejavu-core; }
  { install "$2" || { as_root apt-get update -qq && install "$2"; }; } >"$log" 2>&1 || true
  [ -x "$1" ] || { echo "browser.sh: no $1, and apt-get could not install it ($(tail -n 1 "$log")); install Debian's package $2" >&2; exit 2; }
}

if [ "$1" = firefox ]; then browser "$FIREFOX" firefox-esr; else browser "$CHROMIUM" chromium; fi
private_python "$BROWSER_HOME" playwright==1.65.2 websockets==15.0.1 || exit 2
test=$here/$1_test.py; shift
"$python" "$test" "$@"
