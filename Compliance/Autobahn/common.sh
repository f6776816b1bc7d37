# shellcheck shell=bash
# sourced by server.sh and client.sh: sets wstest up, and reads its report
# ---- wstest environment (Python 2.7 in a private folder; nothing is installed system-wide) ----
# autobahntestsuite 25.10.1 (the newest on PyPI) is Python 2 code. Debian 12 has no python2.7, so the
# bullseye packages are downloaded and unpacked under $AUTOBAHN_HOME, and a virtualenv is made from them.
# Needs: apt-get, dpkg-deb, python3 with pip; gcc for the accelerators (left out if there is no gcc).
AUTOBAHN_HOME=${AUTOBAHN_HOME:-${XDG_CACHE_HOME:-$HOME/.cache}/autobahn-testsuite}
WSTEST=$AUTOBAHN_HOME/env/bin/wstest
PY27LIB=$AUTOBAHN_HOME/root/usr/lib/x86_64-linux-gnu
autobahn_setup() {
  [ -x "$WSTEST" ] && [ -e "$AUTOBAHN_HOME/.ready" ] && return 0
  echo "setting up wstest in $AUTOBAHN_HOME (about 1 minute)" >&2
  rm -rf "$AUTOBAHN_HOME"; mkdir -p "$AUTOBAHN_HOME"/{lists/partial,cache/archives/partial,debs,wheels}
  (
    set -e; cd "$AUTOBAHN_HOME"
    # the same Debian mirror that this machine already uses, with the older suite
    mirror=$(grep -hoE 'https?://[^ ]+/debian/?( |$)' /etc/apt/sources.list /etc/apt/sources.list.d/*.sources /etc/apt/sources.list.d/*.list 2>/dev/null | head -n 1 | tr -d ' ')
    [ -n "$mirror" ] || { echo "no Debian mirror found in /etc/apt" >&2; exit 1; }
    echo "deb $mirror bullseye main" > sources.list
    apt=(-o Dir::Etc::sourcelist="$PWD/sources.list" -o Dir::Etc::sourceparts=/dev/null
         -o Dir::State::lists="$PWD/lists" -o Dir::Cache="$PWD/cache" -o Debug::NoLocking=1
         -o APT::Sandbox::User=root -o Acquire::Check-Valid-Until=false)
    apt-get "${apt[@]}" update -qq
    (cd debs && apt-get "${apt[@]}" download -qq python2.7 python2.7-minimal libpython2.7-stdlib \
      libpython2.7-minimal libpython2.7-dev python2.7-dev libssl1.1 libffi7)
    for d in debs/*.deb; do dpkg-deb -x "$d" root; done
    export LD_LIBRARY_PATH=$PY27LIB
    python3 -m pip download -q --disable-pip-version-check --no-deps --python-version 2.7 --only-binary=:all: -d wheels \
      pip==20.3.4 setuptools==44.1.1 wheel==0.37.1 virtualenv==16.7.12
    PYTHONPATH=$PWD/wheels/virtualenv-16.7.12-py2.py3-none-any.whl root/usr/bin/python2.7 -m virtualenv -q \
      --no-download --extra-search-dir wheels -p "$PWD/root/usr/bin/python2.7" env
    if command -v gcc >/dev/null; then
      CFLAGS="-I$PWD/root/usr/include/python2.7 -I$PWD/root/usr/include" env/bin/pip install -q autobahntestsuite==25.10.1
    else   # same pins, without wsaccel and ujson (slower)
      env/bin/pip install -q txaio==2.1.0 incremental==16.10.1 pyOpenSSL==19.1.0 cryptography==3.3.2 Twisted==19.10.0 \
        zope.interface==4.6.0 jinja2==2.11.3 markupsafe==1.1.1 Werkzeug==1.0.1 klein==17.10.0 service_identity==18.1.0 \
        unittest2==1.1.0 six==1.16.0 autobahn==0.10.9
      env/bin/pip install -q --no-deps autobahntestsuite==25.10.1
    fi
    rm -rf lists cache debs; touch .ready
  ) >"$AUTOBAHN_HOME.log" 2>&1 || { echo "setup failed, see $AUTOBAHN_HOME.log" >&2; tail -20 "$AUTOBAHN_HOME.log" >&2; exit 2; }
}
wstest() { LD_LIBRARY_PATH=$PY27LIB PYTHONUNBUFFERED=1 PYTHONWARNINGS=ignore "$WSTEST" "$@"; }
json_list() { python3 -c 'import json,sys; print(json.dumps([x for x in sys.argv[1].replace(","," ").split()]))' "$1"; }
# summary OUTDIR LOG EXPECTED : prints the summary, exit 0 only if nothing failed and nothing is missing
summary() {
  python3 - "$@" <<'PY'
import ast, collections, json, os, re, sys
out, log, secs = sys.argv[1], sys.argv[2], sys.argv[3]
want, text = [], open(log, errors="replace").read()
m = re.search(r"^Cases = (\[.*\])$", text, re.M)
if m: want = ast.literal_eval(m.group(1))
try: data = json.load(open(os.path.join(out, "index.json")))
except Exception as e: print("no report:", e); print("0 passed, %d failed" % len(want)); sys.exit(2)
key = lambda c: [int(x) for x in c.split(".")]
bad_all = 0
if not data: print("no case was run"); print("0 passed, %d failed" % len(want)); sys.exit(2)
for agent, cases in sorted(data.items()):
    g = collections.defaultdict(list)
    for c in sorted(cases, key=key):
        b, bc = cases[c]["behavior"], cases[c]["behaviorClose"]
        if b == "UNIMPLEMENTED": g["unimplemented"].append(c)
        elif b not in ("OK", "NON-STRICT", "INFORMATIONAL"): g["failed"].append("%s(%s/%s %s)" % (c, b, bc, cases[c]["remoteCloseCode"]))
        elif bc not in ("OK", "INFORMATIONAL"): g["failed"].append("%s(%s/%s %s)" % (c, b, bc, cases[c]["remoteCloseCode"]))
        else:
            g["passed"].append(c)
            if b == "NON-STRICT": g["non-strict"].append(c)
            if b == "INFORMATIONAL": g["informational"].append("%s(close %s)" % (c, cases[c]["remoteCloseCode"]))
    g["missing"] = [c for c in want if c not in cases]
    bad = len(g["failed"]) + len(g["missing"]) + len(g["unimplemented"]); bad_all += bad
    print("agent %s: %d of %d cases run in %s s" % (agent, len(cases), len(want), secs))
    for k in ("failed", "unimplemented", "missing", "non-strict", "informational"):
        if g[k]: print("  %s (%d): %s" % (k, len(g[k]), " ".join(g[k])))
    print("%d passed, %d failed" % (len(g["passed"]), bad))
sys.exit(1 if bad_all else 0)
PY
}
