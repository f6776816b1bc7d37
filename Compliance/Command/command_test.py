"""The command `duplex`, from outside: what it prints, how it exits, and every byte it answers.

    command_test.py DUPLEX_BINARY [PART...]

Each line of output is one check; the last line is 'N passed, N failed'. Started by command.sh, which sets up what this
needs. Times are deadlines for what would otherwise hang, never waits; the one bound on time that is itself checked is the
5 seconds of a shutdown.
"""

import argparse

import connect_commands_test
import connect_deflate_test
import connect_files_test
import connect_json_test
import connect_reconnect_test
import connect_terminal_test
import connect_test
import deflate_limits_test
import deflate_test
import echo_test
import http2_test
import interop_deflate_servers_test
import interop_deflate_test
import interop_servers_test
import interop_test
import listen_test
import listeners_test
import memory_test
import offers_test
import pages_test
import proxy_test
import publish_test
import refusals_test
import serve_test
import serve_tls_test
import settings_test
import shutdown_test
import subscribe_test
import tls_test
from checks import finish, run_parts
from duplex import Duplex

PARTS = {
    "serve": serve_test.run,
    "settings": settings_test.run,
    "listeners": listeners_test.run,
    "serve-tls": serve_tls_test.run,
    "shutdown": shutdown_test.run,
    "http2": http2_test.run,
    "refusals": refusals_test.run,
    "echo": echo_test.run,
    "memory": memory_test.run,
    "pages": pages_test.run,
    "connect": connect_test.run,
    "connect-commands": connect_commands_test.run,
    "connect-files": connect_files_test.run,
    "connect-json": connect_json_test.run,
    "connect-reconnect": connect_reconnect_test.run,
    "connect-terminal": connect_terminal_test.run,
    "subscribe": subscribe_test.run,
    "publish": publish_test.run,
    "listen": listen_test.run,
    "tls": tls_test.run,
    "proxy": proxy_test.run,
    "interop": interop_test.run,
    "interop-servers": interop_servers_test.run,
    "offers": offers_test.run,
    "deflate": deflate_test.run,
    "deflate-limits": deflate_limits_test.run,
    "connect-deflate": connect_deflate_test.run,
    "interop-deflate": interop_deflate_test.run,
    "interop-deflate-servers": interop_deflate_servers_test.run,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("duplex")
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], default=[])
    arguments = parser.parse_args()
    run_parts(PARTS, arguments.parts, Duplex(arguments.duplex))
    finish()


if __name__ == "__main__":
    main()
