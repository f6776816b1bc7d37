#!/bin/bash
# run.sh URL|DUPLEX_BINARY [OPTION...] [PART...]   -- checks a server of the rooms' protocol against docs/protocol.md
#   URL      the base of any server, http://HOST[:PORT]/BASE/ or https://…; or the command `duplex`, which is then started on a
#            free port
#   PART     any of positions messages errors http-errors joining publishing presence sessions closing streaming formats
#            polling posting members sites limits ways; all of them if none is given
#   OPTION   --identity-parameter NAME   how a client says who it is in the query (default as; '' for not at all)
#            --header 'NAME: VALUE'      sent with every request, to be somebody by it; repeatable
#            --origin ORIGIN             one that is allowed besides the server's own: other sites are checked, too
#            --foreign-origin ORIGIN     one that is not allowed (default https://stranger.example)
#            --history N                 how many messages a room keeps (default 1000; 0 does not check that older ones go)
#            --no-limits                 do not check the numbers that are those of `duplex serve`
#            --heartbeat SECONDS         wait so long for a stream's heartbeat (default 0: not at all)
#            --grace SECONDS             wait so long for a member without a connection to leave (default 0: not at all)
#            --insecure                  take any certificate
# It needs nothing but Python 3.9. Rooms have names of their own in each run, so that a server in use is not disturbed.
# Exit: 0 all passed; 1 some check failed; 2 the test could not be set up.
set -euo pipefail
[ $# -ge 1 ] || { sed -n 2,17p "$0"; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
export PYTHONPATH="$here/../Support:$here/../Command" PYTHONDONTWRITEBYTECODE=1
exec python3 "$here/protocol_test.py" "$@"
