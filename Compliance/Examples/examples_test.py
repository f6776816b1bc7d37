"""The examples, and a real nginx and haproxy in front of this project's servers.

    examples_test.py DEBUG_DIR [PART...]

Each line of output is one check; the last line is 'N passed, N failed'. Started by examples.sh, which sets up what this
needs. Times are deadlines for what would otherwise hang.
"""

import argparse

import chat_example_test
import echo_example_test
import haproxy_health_test
import haproxy_test
import hummingbird_example_test
import nginx_drain_test
import nginx_test
import rooms_example_test
from checks import finish, run_parts
from examples import Build

PARTS = {
    "echo": echo_example_test.run,
    "chat": chat_example_test.run,
    "hummingbird": hummingbird_example_test.run,
    "rooms": rooms_example_test.run,
    "nginx": nginx_test.run,
    "nginx-reload": nginx_drain_test.reload,
    "nginx-drain": nginx_drain_test.drain,
    "haproxy-proxy": haproxy_test.proxy_protocol,
    "haproxy-http": haproxy_test.http,
    "haproxy-health": haproxy_health_test.run,
    "haproxy-http2": haproxy_test.http2,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("debug")
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], default=[])
    arguments = parser.parse_args()
    run_parts(PARTS, arguments.parts, Build(arguments.debug))
    finish()


if __name__ == "__main__":
    main()
