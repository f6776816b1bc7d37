"""Checks a server of the rooms' protocol against docs/protocol.md, section by section. How to call it stands in run.sh.

Each line of output is one check; the last line is 'N passed, N failed'. Times are deadlines for what would otherwise hang; only
long polls, heartbeats and members that leave are waited for.
"""

import argparse
import os
import sys
import urllib.parse

import closing_test
import errors_test
import formats_test
import http_errors_test
import joining_test
import limits_test
import members_test
import messages_test
import polling_test
import positions_test
import posting_test
import presence_test
import publishing_test
import sessions_test
import sites_test
import streaming_test
import ways_test
from checks import finish, run_parts
from duplex import Duplex
from target import Target

# In the order of the document.
PARTS = {
    "positions": positions_test.run,
    "messages": messages_test.run,
    "errors": errors_test.run,
    "http-errors": http_errors_test.run,
    "sessions": sessions_test.run,
    "joining": joining_test.run,
    "publishing": publishing_test.run,
    "presence": presence_test.run,
    "closing": closing_test.run,
    "streaming": streaming_test.run,
    "formats": formats_test.run,
    "polling": polling_test.run,
    "posting": posting_test.run,
    "members": members_test.run,
    "sites": sites_test.run,
    "limits": limits_test.run,
    "ways": ways_test.run,
}

ALLOWED = "https://page.example"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("server", help="a URL, or the command duplex")
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], default=[])
    parser.add_argument("--identity-parameter", default="as")
    parser.add_argument("--header", action="append", default=[])
    parser.add_argument("--origin")
    parser.add_argument("--foreign-origin", default="https://stranger.example")
    parser.add_argument("--history", type=int, default=1000)
    parser.add_argument("--no-limits", action="store_true")
    parser.add_argument("--heartbeat", type=float, default=0)
    parser.add_argument("--grace", type=float, default=0)
    parser.add_argument("--insecure", action="store_true")
    options = parser.parse_intermixed_args()
    if urllib.parse.urlsplit(options.server).scheme in ("http", "https"):
        run_parts(PARTS, options.parts, Target(options.server, options))
    else:
        if not os.access(options.server, os.X_OK):
            sys.exit(f"run.sh: {options.server} is neither a URL nor a command")
        options.origin = options.origin or ALLOWED
        with Duplex(options.server).server("--allow-origin", options.origin) as server:
            run_parts(PARTS, options.parts, Target(server.url, options))
        if not options.parts or "sites" in options.parts:
            options.origin = None
            with Duplex(options.server).server() as server:
                run_parts({"own-site": sites_test.run}, [], Target(server.url, options))
    finish()


if __name__ == "__main__":
    main()
