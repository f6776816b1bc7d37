#!/bin/bash
# run.sh DUPLEX_BINARY [--screenshot DIR]   -- browser.sh against servers that are started for it, and stopped after
#   The pages on a server as it is by default; then compression, on one server for each mode; then HTTP/2,
#   in Chromium and in Firefox; then the rooms' client, on a server, on a mock and through nginx.
# Exit: as browser.sh; 2 when a server does not start.
set -euo pipefail
[ $# -ge 1 ] || { sed -n 2,5p "$0"; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
duplex=$1; shift
command -v "$duplex" >/dev/null || { echo "run.sh: no executable $duplex" >&2; exit 2; }
folder=$(mktemp -d) pids=()
trap 'kill "${pids[@]}" 2>/dev/null || true; wait "${pids[@]}" 2>/dev/null || true; rm -rf "$folder"' EXIT

# start OPTION...   -- starts a server, and sets $url
start() {
  local log pid
  log=$folder/${#pids[@]}.log
  "$duplex" serve --port 0 "$@" >"$log" 2>&1 & pid=$!
  pids+=("$pid")
  url=
  for _ in $(seq 100); do
    url=$(sed -n 's/^listening on //p' "$log"); [ -z "$url" ] || return 0
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.1
  done
  echo "run.sh: the server does not start: $(head -n 1 "$log")" >&2
  exit 2
}

start
status=0 plain=$url
"$here/browser.sh" chat "$url" "$@" || status=$?
for page in match locations ways; do "$here/browser.sh" "$page" "$url" || status=$?; done
servers=()
for mode in off no-takeover takeover; do
  start --compression "$mode"
  servers+=("$mode=$url")
done
"$here/browser.sh" deflate "${servers[@]}" || status=$?
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
  -keyout "$folder/key.pem" -out "$folder/cert.pem" 2>/dev/null
for part in http2 firefox; do
  log=$folder/${#pids[@]}.log
  start --tls-cert "$folder/cert.pem" --tls-key "$folder/key.pem" --log-level debug
  "$here/browser.sh" "$part" "${url/127.0.0.1/localhost}" "$log" || status=$?
done
size=$(gzip -9 <"$here/../../Sources/duplex/Pages/duplex.js" | wc -c)
[ "$size" -le 8192 ] || { echo "run.sh: duplex.js has $size bytes with gzip, and promises 8192" >&2; status=1; }
"$here/browser.sh" rooms "$plain" || status=$?
"$here/browser.sh" rooms --changes 30 || status=$?
"$here/browser.sh" nginx_rooms "$plain" --changes 25 || status=$?
exit "$status"
