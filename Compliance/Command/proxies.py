"""Real proxies from Debian, each on a free port of this machine: tinyproxy for CONNECT, microsocks for SOCKS 5."""

import contextlib
import pathlib
import socket
import subprocess
import tempfile
import time

DEADLINE = 10  # seconds for a proxy to listen
USER = "user"
HTTP_PASSWORD = "pass.word-1"  # tinyproxy's configuration takes few other characters
SOCKS_PASSWORD = "pa:ss@word"  # what a URL has to encode


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


@contextlib.contextmanager
def started(port, *command):
    """A proxy that is killed behind the block. There is no event for 'it listens', so it is asked until it does."""
    process = subprocess.Popen([*map(str, command)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + DEADLINE
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > deadline:
                    process.kill()
                    raise AssertionError(f"{command[0]} does not listen: {process.communicate()[0][-300:]!r}") from None
                time.sleep(0.01)
        yield
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@contextlib.contextmanager
def tinyproxy(*lines, credentials=False):
    """Gives the port, and a function that reads the log."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        log = folder / "log"
        log.touch()
        folder.chmod(0o755)
        log.chmod(0o666)
        settings = [f"Port {port}", "Listen 127.0.0.1", "Timeout 60", "MaxClients 50", f'LogFile "{log}"', "LogLevel Connect", *lines]
        if credentials:
            settings.append(f"BasicAuth {USER} {HTTP_PASSWORD}")
        configuration = folder / "tinyproxy.conf"
        configuration.write_text("\n".join(settings) + "\n")
        with started(port, "tinyproxy", "-d", "-c", configuration):
            yield port, log.read_text


@contextlib.contextmanager
def microsocks(credentials=False):
    port = free_port()
    proof = ("-u", USER, "-P", SOCKS_PASSWORD) if credentials else ()
    with started(port, "microsocks", "-i", "127.0.0.1", "-p", port, *proof):
        yield port
