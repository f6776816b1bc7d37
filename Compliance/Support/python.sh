# shellcheck shell=bash
# sourced: private virtualenvs for the tests that are written in Python; nothing is installed system-wide.

# private_python FOLDER REQUIREMENT...   -- sets $python to an interpreter that has these packages
#   FOLDER       where the virtualenv lives; made anew when the requirements are others than those it was made for
#   REQUIREMENT  NAME==VERSION from PyPI: one version for everybody, so that a red test is never a library's news
# Returns 2, with one line that says why, when it cannot be made. What is in Compliance/Support can be imported.
private_python() {
  local folder=$1 log; shift
  python=$folder/env/bin/python
  export PYTHONPATH
  PYTHONPATH=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
  export PYTHONDONTWRITEBYTECODE=1
  [ "$(cat "$folder/.ready" 2>/dev/null)" = "$*" ] && [ -x "$python" ] && return 0
  echo "setting up $* in $folder" >&2
  log=$(mktemp)
  rm -rf "$folder"; mkdir -p "$folder"
  if { python3 -m venv "$folder/env" && "$python" -m pip install -q --disable-pip-version-check "$@"; } >"$log" 2>&1; then
    echo "$*" >"$folder/.ready"; rm -f "$log"
  else
    echo "could not make a virtualenv with $* ($(tail -n 1 "$log")); it needs python3-venv and PyPI" >&2
    rm -f "$log"; return 2
  fi
}
