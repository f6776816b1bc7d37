"""The server under test, asked over HTTP: whole answers, and streams."""

import gzip
import http.client
import itertools
import json
import os
import ssl
import time
import urllib.parse

TIMEOUT = 20  # seconds for whatever would otherwise hang


class Answer:
    """A whole answer; fields by their names in lower case."""

    def __init__(self, status, fields, body):
        self.status, self.fields, self.body = status, fields, body

    @property
    def json(self):
        content = self.body
        if self.fields.get("content-encoding") == "gzip":
            content = gzip.decompress(content)
        return json.loads(content)

    @property
    def code(self):
        """The error's code, if its object is as it must be."""
        error = self.json["error"]
        assert isinstance(error["code"], str) and isinstance(error["message"], str) and error["message"], error
        return error["code"]

    def __repr__(self):
        return f"{self.status} {self.fields} {self.body[:200]!r}"


class Target:
    """A server at a URL."""

    numbers = itertools.count()

    def __init__(self, url, options):
        parts = urllib.parse.urlsplit(url)
        self.url, self.options = url, options
        self.is_tls = parts.scheme == "https"
        self.host, self.port = parts.hostname, parts.port or (443 if self.is_tls else 80)
        self.authority = parts.netloc.rpartition("@")[2]
        self.base = parts.path.rstrip("/")
        self.tls = None
        if self.is_tls:
            self.tls = ssl.create_default_context()
            if options.insecure:
                self.tls.check_hostname, self.tls.verify_mode = False, ssl.CERT_NONE
        self.run = os.urandom(4).hex()

    @property
    def has_identity(self):
        return bool(self.options.identity_parameter)

    @property
    def is_somebody(self):
        """Whether all requests without a name are of the same member."""
        return bool(self.options.header)

    def name(self, text="room"):
        """A room, or a member, that nobody has used."""
        return f"{text}-{self.run}-{next(Target.numbers)}"

    def path(self, *segments, who=None, **query):
        """Below the base. `who` asks; members of the query that are None are left out."""
        values = {name: value for name, value in query.items() if value is not None}
        if who and self.has_identity:
            values[self.options.identity_parameter] = who
        path = "/".join([self.base, "rooms", *(urllib.parse.quote(segment, safe="") for segment in segments)])
        return path + ("?" + urllib.parse.urlencode(values) if values else "")

    def connection(self, timeout=TIMEOUT):
        if self.is_tls:
            return http.client.HTTPSConnection(self.host, self.port, timeout=timeout, context=self.tls)
        return http.client.HTTPConnection(self.host, self.port, timeout=timeout)

    def send(self, method, path, body=None, fields=None, timeout=TIMEOUT):
        """Sends a request; gives the connection and the answer's head."""
        connection = self.connection(timeout)
        connection.putrequest(method, path, skip_accept_encoding=True)
        fields = dict(fields or {})
        if body is not None:
            fields.setdefault("Content-Length", len(body))
        elif method == "POST":
            fields.setdefault("Content-Length", 0)
        for header in self.options.header:
            name, _, value = header.partition(":")
            fields.setdefault(name, value.strip())
        for name, value in fields.items():
            connection.putheader(name, str(value))
        connection.endheaders(body)
        return connection, connection.getresponse()

    def ask(self, method, path, body=None, fields=None, timeout=TIMEOUT):
        """A request, and its whole answer."""
        connection, response = self.send(method, path, body, fields, timeout)
        try:
            return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, response.read())
        finally:
            connection.close()

    def send_chunked(self, path, pieces, fields):
        """POSTs a body in pieces, without a length; gives the answer."""
        connection = self.connection()
        connection.request("POST", path, iter(pieces), fields, encode_chunked=True)
        response = connection.getresponse()
        response.read()
        connection.close()
        return response

    # The resources

    def post(self, room, data, who=None, fields=None, **members):
        """Publishes."""
        body = json.dumps({"data": data, **members}).encode()
        return self.ask("POST", self.path(room, "messages", who=who), body, {"Content-Type": "application/json", **(fields or {})})

    def publish(self, room, data, **more):
        """Publishes, which has to work; gives the position."""
        answer = self.post(room, data, **more)
        assert answer.status == 201, answer
        return answer.json["epoch"], answer.json["offset"]

    def read(self, room, fields=None, **query):
        return self.ask("GET", self.path(room, "messages", **query), fields=fields)

    def members(self, room):
        return self.ask("GET", self.path(room, "members"))

    def filled(self, count, text="room"):
        """A new room with the messages 1, 2, …; its name and its epoch."""
        room = self.name(text)
        epoch = None
        for number in range(1, count + 1):
            epoch, offset = self.publish(room, number)
            assert offset == number, offset
        return room, epoch


class Stream:
    """An answer that flows."""

    def __init__(self, target, room, fields=None, timeout=TIMEOUT, **query):
        path = target.path(room, "stream", **query)
        self.connection, self.response = target.send("GET", path, fields=fields, timeout=timeout)
        self.status = self.response.status
        self.fields = {name.lower(): value for name, value in self.response.getheaders()}
        self.comments = []
        # Heartbeats keep a stream from ever being silent for long.
        self.deadline = time.monotonic() + 2 * timeout

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.response.close()
        self.connection.close()

    def line(self):
        """The next line, without its end."""
        assert time.monotonic() < self.deadline, "what is waited for does not come"
        line = self.response.readline()
        assert line, "the stream has ended"
        assert line.endswith(b"\n"), line
        return line[:-1].decode()

    def event(self):
        """The next server-sent event, as a dictionary of its fields (HTML, section 9.2.6); `data` is parsed."""
        event = {}
        while True:
            line = self.line()
            if line == "":
                if "data" in event:
                    return {**event, "data": json.loads(event["data"])}
                event = {}
            elif line.startswith(":"):
                self.comments.append(line)
            else:
                name, _, value = line.partition(":")
                value = value[1:] if value.startswith(" ") else value
                event[name] = f"{event[name]}\n{value}" if name == "data" and name in event else value

    def object(self):
        """The next line with an object; heartbeats are skipped."""
        while True:
            line = self.line()
            if line:
                return json.loads(line)
