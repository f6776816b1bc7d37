"""`duplex serve` over HTTP/2: WebSockets (RFC 8441) and ordinary requests on one connection, by h2 and wsproto."""

import pathlib
import socket
import tempfile

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.settings
from hyperframe.frame import DataFrame, Frame, GoAwayFrame, PingFrame
from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Ping, Pong, TextMessage

from checks import check, equal
from serve_tls_test import Files
from wire import TIMEOUT


def run(duplex):
    with duplex.server("--http2", "everywhere") as server:
        requests(lambda: HTTP2(server.port))
    with tempfile.TemporaryDirectory() as folder:
        files = Files(pathlib.Path(folder))
        files.issue("localhost")
        with duplex.server(*files.flags) as server:
            with check("TLS: ALPN chooses h2, and http/1.1 where the client knows no other"):
                for offered, expected in ((["h2", "http/1.1"], "h2"), (["http/1.1"], "http/1.1"), (["h2"], "h2")):
                    context = files.context()
                    context.set_alpn_protocols(offered)
                    with context.wrap_socket(socket.create_connection(("localhost", server.port)), server_hostname="localhost") as tls:
                        equal(tls.selected_alpn_protocol(), expected)
            context = files.context()
            context.set_alpn_protocols(["h2"])
            with check("TLS: an echo over HTTP/2"), HTTP2(server.port, context) as http2:
                echo(http2, http2.websocket("/echo"), "over TLS")
        with duplex.server(*files.flags, "--http2", "off") as server:
            with check("--http2 off: ALPN chooses http/1.1"):
                context = files.context()
                context.set_alpn_protocols(["h2", "http/1.1"])
                with context.wrap_socket(socket.create_connection(("localhost", server.port)), server_hostname="localhost") as tls:
                    equal(tls.selected_alpn_protocol(), "http/1.1")
    with duplex.server("--http2", "everywhere") as server:
        with check("SIGTERM: every WebSocket of a connection is told 1001, the connection GOAWAY, and the server exits with 0"):
            with HTTP2(server.port) as http2:
                streams = [http2.websocket("/echo") for _ in range(5)]
                server.signal(15)
                goodbye(http2, streams)
                equal(server.process.wait(TIMEOUT), 0)


def requests(connect):
    with check("SETTINGS_ENABLE_CONNECT_PROTOCOL is 1"), connect() as http2:
        equal(http2.state.remote_settings.get(h2.settings.SettingCodes.ENABLE_CONNECT_PROTOCOL), 1)
    with check("text, binary, ping and close"), connect() as http2:
        stream = http2.websocket("/echo")
        equal(http2.streams[stream].status, "200")
        echo(http2, stream, "hello")
        http2.send(stream, BytesMessage(b"\0\1" * 5000))
        equal(http2.receive(stream, BytesMessage).data, b"\0\1" * 5000)
        http2.send(stream, Ping(b"x"))
        equal(http2.receive(stream, Pong).payload, b"x")
        http2.send(stream, CloseConnection(1000, "done"))
        equal(http2.receive(stream, CloseConnection).code, 1000)
        http2.until(lambda: http2.streams[stream].ended)
    with check("Close and END_STREAM in one DATA frame, as Chromium sends them: Close and END_STREAM come back, no RST_STREAM"), connect() as http2:
        stream = http2.websocket("/echo")
        closing = http2.streams[stream].websocket.send(CloseConnection(4000, "x"))
        http2.state.send_data(stream, closing, end_stream=True)
        http2.flush()
        equal(http2.receive(stream, CloseConnection).code, 4000)
        http2.until(lambda: http2.streams[stream].ended)
        equal(http2.streams[stream].reset, None)
    with check("a message larger than the windows"), connect() as http2:
        stream, data = http2.websocket("/echo"), bytes(range(256)) * 4096
        http2.send(stream, BytesMessage(data))
        equal(http2.receive(stream, BytesMessage).data == data, True)
    with check("100 WebSockets and 50 ordinary requests, mixed"), connect() as http2:
        streams, pages = [], []
        for number in range(100):
            streams.append(http2.websocket("/echo"))
            if number % 2:
                pages.append(http2.request("GET", "/style.css"))
        for number, stream in enumerate(streams):
            http2.send(stream, TextMessage(f"message {number}"))
        for number, stream in enumerate(streams):
            equal(http2.receive(stream, TextMessage).data, f"message {number}")
        for page in pages:
            http2.until(lambda page=page: http2.streams[page].ended)
            equal(http2.streams[page].status, "200")
            assert len(http2.streams[page].body) > 100
    with check("a stream that is reset leaves the others alone"), connect() as http2:
        first, second = http2.websocket("/echo"), http2.websocket("/echo")
        http2.state.send_data(first, b"\x81\x90\0\0")
        http2.state.reset_stream(first, h2.errors.ErrorCodes.CANCEL)
        http2.flush()
        echo(http2, second, "still here")
    with check("a frame that breaks the rules ends its stream with 1002, and no other"), connect() as http2:
        first, second = http2.websocket("/echo"), http2.websocket("/echo")
        http2.state.send_data(first, b"\x81\x02hi")
        http2.flush()
        equal(http2.receive(first, CloseConnection).code, 1002)
        echo(http2, second, "still here")
    for name, path, fields, status in (
        ("nothing there", "/nothing", [], "404"),
        ("no WebSocket there", "/style.css", [], "400"),
        ("a wrong version", "/echo", [("sec-websocket-version", "12")], "400"),
        ("no version", "/echo", [("sec-websocket-version", None)], "400"),
        ("pages of another host at /chat", "/chat", [("origin", "http://elsewhere.example")], "403"),
        ("another protocol", "/echo", [(":protocol", "connect-udp")], "501"),
    ):
        with check(f"refused with {status}: {name}"), connect() as http2:
            other = http2.websocket("/echo")
            stream = http2.connect(path, fields)
            http2.until(lambda: http2.streams[stream].ended)
            equal(http2.streams[stream].status, status)
            if "version" in name:
                equal(http2.streams[stream].fields.get("sec-websocket-version"), "13")
            echo(http2, other, "still here")
    with check("a subprotocol is agreed on"), connect() as http2:
        stream = http2.connect("/chat", [("sec-websocket-protocol", "other, chat.v1")])
        http2.until(lambda: http2.streams[stream].status)
        equal(http2.streams[stream].fields.get("sec-websocket-protocol"), "chat.v1")


def echo(http2, stream, text):
    http2.send(stream, TextMessage(text))
    equal(http2.receive(stream, TextMessage).data, text)


def goodbye(http2, streams):
    """Reads the server's frames by hand, for h2 takes none any more once GOAWAY has come, and answers each Close frame."""
    data, told, goaways = b"", {}, 0
    while True:
        while len(data) >= 9:
            frame, count = Frame.parse_frame_header(memoryview(data[:9]))
            if len(data) < 9 + count:
                break
            frame.parse_body(memoryview(data[9:9 + count]))
            data = data[9 + count:]
            if isinstance(frame, GoAwayFrame):
                goaways += 1
            elif isinstance(frame, PingFrame) and "ACK" not in frame.flags:
                http2.socket.sendall(PingFrame(0, frame.opaque_data, flags=["ACK"]).serialize())
            elif isinstance(frame, DataFrame) and frame.data:
                assert told.get(frame.stream_id) is None, frame
                told[frame.stream_id] = int.from_bytes(frame.data[2:4])
                closing = http2.streams[frame.stream_id].websocket.send(CloseConnection(1001))
                http2.socket.sendall(DataFrame(frame.stream_id, closing, flags=["END_STREAM"]).serialize())
        more = http2.socket.recv(65536)
        if not more:
            break
        data += more
    equal(told, {stream: 1001 for stream in streams})
    assert goaways, "no GOAWAY"


class Stream:
    def __init__(self):
        self.status, self.fields, self.body, self.ended = None, {}, b"", False
        self.reset = None
        self.websocket, self.events, self.parts = None, [], []


class HTTP2:
    """One connection with many streams."""

    def __init__(self, port, context=None):
        self.socket = socket.create_connection(("localhost" if context else "127.0.0.1", port), TIMEOUT)
        if context:
            self.socket = context.wrap_socket(self.socket, server_hostname="localhost")
        self.authority = f"localhost:{port}"
        self.state = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True, header_encoding="utf-8"))
        self.state.initiate_connection()
        self.streams, self.settled = {}, False
        self.flush()
        self.until(lambda: self.settled)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def flush(self):
        self.socket.sendall(self.state.data_to_send())

    def request(self, method, path):
        stream = self.state.get_next_available_stream_id()
        self.streams[stream] = Stream()
        self.state.send_headers(stream, [(":method", method), (":scheme", "http"), (":authority", self.authority), (":path", path)], end_stream=True)
        self.flush()
        return stream

    def connect(self, path, fields=()):
        """Asks for a WebSocket; a field without a value is left out."""
        stream = self.state.get_next_available_stream_id()
        self.streams[stream] = Stream()
        head = {":method": "CONNECT", ":protocol": "websocket", ":scheme": "http", ":authority": self.authority, ":path": path,
                "sec-websocket-version": "13", **dict(fields)}
        self.state.send_headers(stream, [(name, value) for name, value in head.items() if value is not None])
        self.flush()
        return stream

    def websocket(self, path):
        stream = self.connect(path)
        self.until(lambda: self.streams[stream].status)
        self.streams[stream].websocket = Connection(ConnectionType.CLIENT)
        return stream

    def send(self, stream, event):
        """Sends as the windows allow."""
        data = self.streams[stream].websocket.send(event)
        while data:
            self.until(lambda: self.state.local_flow_control_window(stream) > 0)
            count = min(len(data), self.state.local_flow_control_window(stream), self.state.max_outbound_frame_size)
            self.state.send_data(stream, data[:count])
            data = data[count:]
            self.flush()

    def receive(self, stream, kind):
        """The next message, whole, or control frame of this kind."""
        it = self.streams[stream]
        found = None
        while found is None:
            self.until(lambda: it.events)
            event = it.events.pop(0)
            if isinstance(event, (TextMessage, BytesMessage)):
                it.parts.append(event.data)
                if event.message_finished:
                    found = type(event)(data=it.parts[0][:0].join(it.parts))
                    it.parts = []
            else:
                found = event
        assert isinstance(found, kind), found
        return found

    def until(self, condition):
        while not condition():
            data = self.socket.recv(65536)
            assert data, "the server ended the connection"
            for event in self.state.receive_data(data):
                self.handle(event)
            self.flush()

    def handle(self, event):
        it = self.streams.get(getattr(event, "stream_id", None))
        if isinstance(event, h2.events.RemoteSettingsChanged):
            self.settled = True
        elif isinstance(event, h2.events.ResponseReceived):
            it.fields = dict(event.headers)
            it.status = it.fields[":status"]
        elif isinstance(event, h2.events.DataReceived):
            self.state.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            if it.websocket and not event.data:
                pass  # the end of the stream
            elif it.websocket:
                it.websocket.receive_data(event.data)
                it.events += it.websocket.events()
            else:
                it.body += event.data
        elif isinstance(event, (h2.events.StreamEnded, h2.events.StreamReset)):
            it.ended = True
            it.reset = getattr(event, "error_code", None)
