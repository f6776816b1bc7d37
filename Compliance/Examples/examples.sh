#!/bin/bash
# examples.sh DEBUG_DIR [PART...]   -- tests the examples, and a real nginx and haproxy in front of this project's servers
#   DEBUG_DIR  where the build put the examples and duplex: .build/debug
#   PART       any of echo chat hummingbird rooms nginx nginx-reload nginx-drain haproxy-proxy haproxy-http haproxy-health
#              haproxy-http2; all of them if none is given
# Environment: COMMAND_HOME=folder for the virtualenv, which Compliance/Command has, too
# Exit: 0 all passed; 1 some check failed; 2 the test could not be set up.
set -euo pipefail
[ $# -ge 1 ] || { sed -n 2,7p "$0"; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=../Support/python.sh
. "$here/../Support/python.sh"
for name in duplex echo-example chat-example hummingbird-example rooms-example nginx-example; do
  [ -x "$1/$name" ] || { echo "examples.sh: no executable $1/$name" >&2; exit 2; }
done
# Debian has these two in a folder that only root looks into.
PATH=$PATH:/usr/sbin:/sbin
for tool in curl openssl nginx haproxy; do
  command -v "$tool" >/dev/null || { echo "examples.sh: no $tool" >&2; exit 2; }
done
# The same as in command.sh: they share the virtualenv.
private_python "${COMMAND_HOME:-${XDG_CACHE_HOME:-$HOME/.cache}/duplex-command}" websockets==15.0.1 picows==2.3.1 pywebsocket3==4.0.2 h2==4.3.0 wsproto==1.3.1 || exit 2
export PYTHONPATH=$PYTHONPATH:$here/../Command
exec "$python" "$here/examples_test.py" "$@"
