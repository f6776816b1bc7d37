#!/bin/bash
# faults.sh DUPLEX_BINARY [quick|full] [PART...]   -- makes real faults against a running `duplex serve`
#   quick     (if none is given) smaller numbers, less than a minute; full: the numbers that are promised, less than 4 minutes
#   PART      any of half-open resets descriptors disk-full slow-handshakes slow-readers slow-members rolling-restart;
#             all of them if none is given
#   Numbers stand in a table at the end. A debug build is good for everything but the latencies.
# As root: peers in a network namespace of their own, and 20,000 open files. Without it some checks are skipped, and say so.
# Exit: 0 all passed; 1 some check failed; 2 the test could not be set up.
set -euo pipefail
[ $# -ge 1 ] || { sed -n 2,8p "$0"; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
command -v "$1" >/dev/null || { echo "faults.sh: no executable $1" >&2; exit 2; }
for tool in python3 cc openssl prlimit taskset; do
  command -v "$tool" >/dev/null || { echo "faults.sh: no $tool" >&2; exit 2; }
done
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
cc -O2 -Wall -o "$folder/paced" "$here/paced.c" || exit 2
export PACED=$folder/paced PYTHONDONTWRITEBYTECODE=1
export PYTHONPATH=$here/../Support:$here/../Command
# As many open files as it may be: each of 10,000 connections has one here and one in the server.
ulimit -n "$(ulimit -Hn)"
if [ "$(ulimit -n)" != unlimited ] && [ "$(ulimit -n)" -lt 20000 ]; then ulimit -n 20000 2>/dev/null || true; fi
status=0
python3 "$here/faults_test.py" "$@" || status=$?
exit "$status"
