#!/bin/bash
# unit.sh   -- `swift test` on what is built, and 'N passed, N failed' from its own report
#   A test is a function; one with arguments counts once. Exit: as swift test.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 2
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
status=0
# Not all at once: hundreds of servers and clients on two cores would wait for each other until their time is up.
width=()
if swift test --help-hidden 2>/dev/null | grep -q -- --experimental-maximum-parallelization-width; then
  width=(--experimental-maximum-parallelization-width 8)
fi
swift test --skip-build --parallel "${width[@]}" --xunit-output "$folder/tests.xml" || status=$?
python3 - "$folder" <<'PY'
import pathlib, sys, xml.etree.ElementTree
passed = failed = 0
for report in pathlib.Path(sys.argv[1]).glob("*.xml"):
    for case in xml.etree.ElementTree.parse(report).iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            failed += 1
        elif case.find("skipped") is None:
            passed += 1
# No report (a crash, say): no line either, and the caller sees from the exit status that something failed.
if passed or failed:
    print(f"{passed} passed, {failed} failed")
PY
exit "$status"
