#!/bin/bash
# uws.sh   -- fetches uWebSockets into $BENCH_HOME and builds uws_echo and uws_publish there, unless they are there already
# Needs: a C compiler, python3 with pip, Debian's libuv1 (which it installs, as root).
set -u
here=$(cd "$(dirname "$0")" && pwd)
BENCH_HOME=${BENCH_HOME:-${XDG_CACHE_HOME:-$HOME/.cache}/duplex-bench}
mkdir -p "$BENCH_HOME" && cd "$BENCH_HOME" || exit 2
stale=()
for peer in uws_echo uws_publish; do [ -x $peer ] && [ ! "$here/$peer.c" -nt $peer ] && [ ! "$here/uws.h" -nt $peer ] || stale+=($peer); done
[ ${#stale[@]} -gt 0 ] || exit 0
ls /usr/lib/*/libuv.so.1 >/dev/null 2>&1 || apt-get install -y -qq libuv1 >/dev/null 2>&1 || { apt-get update -qq; apt-get install -y -qq libuv1 >/dev/null; }
[ -e libsocketify_linux_amd64.so ] || { python3 -m pip download -q --no-deps --no-binary :all: --no-build-isolation -d . socketify==0.0.31 2>/dev/null || python3 -m pip download -q --no-deps -d . socketify==0.0.31
  tar xzf socketify-0.0.31.tar.gz --strip-components=3 socketify-0.0.31/src/socketify/libsocketify_linux_amd64.so; }
for peer in "${stale[@]}"; do cc -O2 -o $peer "$here/$peer.c" "$BENCH_HOME/libsocketify_linux_amd64.so" -l:libuv.so.1 -l:libz.so.1 || exit 2; done
