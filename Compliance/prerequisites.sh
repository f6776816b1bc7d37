#!/bin/bash
# prerequisites.sh build|test   -- checks for what building (Swift) or also testing needs
#   On Debian as root, what is missing for testing is installed by apt-get. Swift is not in Debian, so it is only named.
# Environment: CHROMIUM=/usr/bin/chromium
# Exit: 0 all is there; 1 something is missing, and named in one line.
set -euo pipefail
[ $# -eq 1 ] || { sed -n 2,5p "$0"; exit 1; }
chromium=${CHROMIUM:-/usr/bin/chromium}
# Where Debian has nginx and haproxy; not everybody looks there.
PATH=$PATH:/usr/sbin
missing=() packages=()

need() { # NAME DEBIAN_PACKAGES CHECK...
  local name=$1 debian=$2; shift 2
  "$@" >/dev/null 2>&1 && return
  missing+=("$name")
  # shellcheck disable=SC2206  # several words
  packages+=($debian)
}
has() { command -v "$1" >/dev/null; }
swift_is_new_enough() {
  local version
  has swift && version=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9]*\)\.\([0-9]*\).*/\1 \2/p' | head -n 1)
  read -r major minor <<<"${version:-0 0}"
  [ "$major" -gt 6 ] || { [ "$major" -eq 6 ] && [ "$minor" -ge 2 ]; }
}
# Debian's ws, and a node that runs it: node itself may come from elsewhere.
node_ws_is_there() { NODE_PATH=/usr/share/nodejs node -e 'require("ws").WebSocketServer'; }
# Swift brings a C compiler along.
zlib_is_there() { echo '#include <zlib.h>' | clang -E -x c - || echo '#include <zlib.h>' | cc -E -x c -; }
python_is_whole() { python3 -c '
import importlib.util, sys
sys.exit(sys.version_info < (3, 10) or not all(map(importlib.util.find_spec, ("venv", "ensurepip", "pip", "ssl"))))'; }

look() {
  missing=() packages=()
  need "Swift 6.2 or later (swift.org)" "" swift_is_new_enough
  need git git has git
  need "zlib with its header" zlib1g-dev zlib_is_there
  [ "$1" = test ] || return 0
  need make make has make
  need "python3 >= 3.10 with pip and venv" "python3 python3-pip python3-venv" python_is_whole
  need "a C compiler (cc)" "gcc libc6-dev" has cc
  need curl curl has curl
  need openssl openssl has openssl
  need "ip (for a network namespace)" iproute2 has ip
  need "prlimit and taskset" util-linux has taskset
  need tinyproxy tinyproxy-bin has tinyproxy
  need microsocks microsocks has microsocks
  need nginx nginx-light has nginx
  need haproxy haproxy has haproxy
  need "node with the package ws" "nodejs node-ws" node_ws_is_there
  # A font comes along: without one Chromium has nothing to lay text out with.
  need "chromium ($chromium)" "chromium fonts-dejavu-core" test -x "$chromium"
}

look "$1"
if [ ${#packages[@]} -gt 0 ] && [ "$(id -u)" = 0 ] && [ -e /etc/debian_version ] && has apt-get; then
  echo "installing by apt-get: ${packages[*]}"
  log=$(mktemp)
  install() { DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}"; }
  # The lists may be missing or stale, so a first failure asks for an update.
  { install || { apt-get update -qq && install; }; } >"$log" 2>&1 || tail -n 3 "$log" >&2
  rm -f "$log"
  look "$1"
fi
[ ${#missing[@]} -eq 0 ] && exit 0
list=$(printf '%s; ' "${missing[@]}")
echo "missing: ${list%; }${packages[*]:+ -- on Debian: apt-get install ${packages[*]}}" >&2
exit 1
