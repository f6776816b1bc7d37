"""A real nginx, with the nginx.conf of nginx-example; only addresses are others, and a second server has what others do."""

import contextlib
import os
import signal
import subprocess

from examples import EXAMPLES, free_ports, listens, started
from listening import children, until

# Where nginx keeps what does not fit into memory; without root its own folder is not its to write.
TEMPORARY = "".join(f"    {kind}_temp_path temporary;\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
UPGRADE = """
            proxy_http_version 1.1;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection $connection_upgrade;
            proxy_set_header Host $http_host;"""


class Nginx:
    def __init__(self, process, command, configuration, plain, redirecting, tls, files):
        self.process, self.command, self.configuration = process, command, configuration
        self.plain, self.redirecting, self.tls, self.files = plain, redirecting, tls, files
        self.wss, self.https = f"wss://localhost:{tls}", f"https://localhost:{tls}"
        self.ws, self.http = f"ws://127.0.0.1:{plain}", f"http://127.0.0.1:{plain}"

    def workers(self):
        return set(children(self.process.pid))

    def reload(self):
        """`nginx -s reload`; waits until a new worker is there, and gives the new ones."""
        before = self.workers()
        subprocess.run([*self.command, "-s", "reload"], check=True, capture_output=True)
        until(lambda: self.workers() - before, "a new worker")
        return self.workers() - before


@contextlib.contextmanager
def nginx(folder, files, upstream, locations=""):
    """nginx in this folder, before `upstream` ("127.0.0.1:PORT" or "unix:PATH"); `locations` are of the second server."""
    plain, redirecting, tls = free_ports(3)
    text = (EXAMPLES / "nginx-example/nginx.conf").read_text()
    for old, new in (
        ("listen 8080;", f"listen 127.0.0.1:{redirecting};"),
        ("$host:8443", f"$host:{tls}"),
        ("listen 8443 ssl;", f"listen 127.0.0.1:{tls} ssl; listen [::1]:{tls} ssl;"),
        ("server 127.0.0.1:3000;", f"server {upstream};"),
        ("    access_log access.log;\n", f"    access_log access.log;\n{TEMPORARY}"),
    ):
        assert text.count(old) == 1, f"{old!r} is not once in nginx.conf"
        text = text.replace(old, new)
    text = text.rstrip()
    assert text.endswith("}"), text[-20:]
    locations = locations.replace("UPGRADE", UPGRADE).replace("PLAIN", str(plain)).replace("UPSTREAM", upstream)
    text = text[:-1] + f"    server {{\n        listen 127.0.0.1:{plain};\n{locations}\n    }}\n}}\n"
    configuration = folder / "nginx.conf"
    configuration.write_text(text)
    for name in ("cert.pem", "key.pem"):
        (folder / name).write_bytes((files.folder / name).read_bytes())
    # As root its workers would be another user, who may not enter the test's folder.
    user = "user root; " if os.geteuid() == 0 else ""
    command = ["nginx", "-p", str(folder), "-c", str(configuration)]
    with started(*command, "-g", f"{user}daemon off;") as process:
        until(lambda: listens(process, tls), f"nginx: {process.lines}")
        # A reload has to say the same once more, or it would be another configuration.
        yield Nginx(process, [*command, "-g", f"{user}daemon off;"], configuration, plain, redirecting, tls, files)
        process.send_signal(signal.SIGTERM)
        process.wait(20)
