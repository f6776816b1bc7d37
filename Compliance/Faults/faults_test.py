"""Faults that are made, not mocked, against a running `duplex serve`.

    faults_test.py DUPLEX_BINARY [quick|full] [PART...]

Each line of output is one check; a table of the numbers follows, and the last line is 'N passed, N failed'. Started by
faults.sh, which sets up what this needs. Times are bounds that are promised, or deadlines for what would otherwise hang.
"""

import argparse

import descriptors_test
import disk_full_test
import half_open_test
import resets_test
import rolling_restart_test
import slow_handshakes_test
import slow_members_test
import slow_readers_test
from checks import finish, run_parts
from numbers_table import table
from running import Faults

PARTS = {
    "half-open": half_open_test.run,
    "resets": resets_test.run,
    "descriptors": descriptors_test.run,
    "disk-full": disk_full_test.run,
    "slow-handshakes": slow_handshakes_test.run,
    "slow-readers": slow_readers_test.run,
    "slow-members": slow_members_test.run,
    "rolling-restart": rolling_restart_test.run,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("duplex")
    parser.add_argument("mode_and_parts", nargs="*", choices=["quick", "full", *PARTS, []], default=[])
    arguments = parser.parse_args()
    parts = [word for word in arguments.mode_and_parts if word in PARTS]
    faults = Faults(arguments.duplex, full="full" in arguments.mode_and_parts)
    run_parts(PARTS, parts, faults, ended=lambda name, seconds: table.add(name, "took", seconds, "s"))
    table.show()
    finish()


if __name__ == "__main__":
    main()
