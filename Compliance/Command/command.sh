#!/bin/bash
# command.sh DUPLEX_BINARY [PART...]   -- tests the command: serve, its refusals, echo and chat, connect, rooms, compression
#   PART      any of serve settings listeners serve-tls shutdown http2 refusals echo memory pages connect connect-commands
#             connect-files connect-json connect-reconnect connect-terminal subscribe publish listen tls proxy interop interop-servers
#             offers deflate deflate-limits connect-deflate interop-deflate interop-deflate-servers; all of them if none
#             is given
# Environment: COMMAND_HOME=folder for the virtualenv
# Exit: 0 all passed; 1 some check failed; 2 the test could not be set up.
set -euo pipefail
[ $# -ge 1 ] || { sed -n 2,8p "$0"; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=../Support/python.sh
. "$here/../Support/python.sh"
command -v "$1" >/dev/null || { echo "command.sh: no executable $1" >&2; exit 2; }
private_python "${COMMAND_HOME:-${XDG_CACHE_HOME:-$HOME/.cache}/duplex-command}" websockets==15.0.1 picows==2.3.1 pywebsocket3==4.0.2 h2==4.3.0 wsproto==1.3.1 || exit 2
exec "$python" "$here/command_test.py" "$@"
