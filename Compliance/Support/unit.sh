#!/bin/bash
# unit.sh   -- `swift test` on what is built, and 'N passed, N failed' from its own report
#   A test is a function; one with arguments counts once. Exit: as swift test.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 2
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
status=0
swift test --skip-build --parallel --xunit-output "$folder/tests.xml" || status=$?
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
