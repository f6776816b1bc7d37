import Foundation
import TestSupport
import Testing
import WebSocketServer

@testable import duplex

/// What the counters say is what a client of sockets has sent and got, to the byte.
@Suite(.timeLimit(.minutes(1))) struct WayMeterTests {
    /// What goes over a connection, counted at its other end.
    private final class Wire {
        let connection: RawConnection
        var (sent, received) = (0, 0)

        init(_ connection: RawConnection) { self.connection = connection }

        func send(_ bytes: [UInt8]) async throws {
            self.sent += bytes.count
            try await self.connection.send(bytes)
        }

        func send(_ text: String) async throws { try await self.send(Array(text.utf8)) }

        func read(_ count: Int) async throws -> [UInt8] {
            self.received += count
            return try await self.connection.read(count)
        }

        func readHead() async throws -> RawConnection.Answer {
            let head = try await self.connection.readHead()
            self.received += head.utf8.count
            return RawConnection.Answer(head: head, body: "")
        }

        /// An answer with its Content-Length.
        func readAnswer() async throws -> RawConnection.Answer {
            let answer = try await self.readHead()
            _ = try await self.read(answer.values("Content-Length").first.flatMap { Int($0) } ?? 0)
            return answer
        }

        /// A chunk, and what is around it.
        func readChunk() async throws -> String {
            let chunk = try await self.connection.readChunk()
            self.received += HTTP1Size.chunk(chunk.utf8.count)
            return chunk
        }

        /// A frame without a mask.
        func readFrame() async throws -> String {
            let header = try await self.read(2)
            var count = Int(header[1])
            if count == 126 { count = try await self.read(2).reduce(0) { $0 << 8 | Int($1) } }
            return String(decoding: try await self.read(count), as: UTF8.self)
        }

        /// A masked text frame; the mask is of zeros.
        func sendFrame(_ text: String) async throws {
            precondition(text.utf8.count < 126)
            try await self.send([0x81, 0x80 | UInt8(text.utf8.count), 0, 0, 0, 0] + Array(text.utf8))
        }
    }

    private static let page = "0123abcd"

    private func withServer(
        http2: WebSocketServerConfiguration.HTTP2Use = .off, _ body: (TestServer) async throws -> Void
    ) async throws {
        try await TestServer.with(
            routes(), server: .webSocket(.init(http2: http2)), serverName: Serving.name, body)
    }

    private func withWire(_ server: TestServer, _ body: (Wire) async throws -> Void) async throws {
        try await RawConnection.with(port: server.port) { try await body(Wire($0)) }
    }

    private func publish(_ text: String, _ server: TestServer) async throws {
        try await RawConnection.with(port: server.port) { connection in
            let body = #"{"data":"\#(text)"}"#
            try await connection.send(
                "POST /rooms/a/messages?as=ways-\(Self.page)-polling HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
                    + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
            #expect(try await connection.readAnswer().status == 201)
        }
    }

    private func report(_ server: TestServer, page: String = WayMeterTests.page) async throws -> WayReport {
        try await RawConnection.with(port: server.port) { connection in
            try await connection.send("GET /ways/counters?id=\(page) HTTP/1.1\r\nHost: a\r\n\r\n")
            return try JSONDecoder().decode(WayReport.self, from: Data(try await connection.readAnswer().body.utf8))
        }
    }

    private func get(_ path: String, _ way: Way, _ fields: String = "") -> String {
        "GET \(path)\(path.contains("?") ? "&" : "?")as=ways-\(Self.page)-\(way.rawValue) HTTP/1.1\r\nHost: a:80\r\n\(fields)\r\n"
    }

    @Test func polling() async throws {
        try await self.withServer { server in
            try await self.publish("hello", server)
            try await self.withWire(server) { wire in
                try await wire.send(self.get("/rooms/a/messages", .polling))
                let first = try await wire.readAnswer()
                #expect(first.status == 200)
                // The same again: nothing new, and no body.
                let tag = first.values("ETag").first ?? ""
                try await wire.send(
                    self.get(
                        "/rooms/a/messages", .polling,
                        "If-None-Match: \(tag)\r\nX-Long: \(String(repeating: "x", count: 500))\r\n"))
                #expect(try await wire.readAnswer().status == 304)
                // Refused.
                try await wire.send(self.get("/rooms/a/messages?after=x", .polling))
                #expect(try await wire.readAnswer().status == 400)
                for _ in 0..<20 { try await self.publish(String(repeating: "y", count: 200), server) }
                try await wire.send(self.get("/rooms/a/messages", .polling, "Accept-Encoding: gzip\r\n"))
                #expect(try await wire.readAnswer().values("Content-Encoding") == ["gzip"])
                // The last one on this connection.
                try await wire.send(self.get("/rooms/a/messages?limit=1", .polling, "Connection: close\r\n"))
                #expect(try await wire.readAnswer().values("Connection") == ["close"])
                let (cost, sent, received) = (try await self.report(server).ways["polling"], wire.sent, wire.received)
                #expect(cost == WayReport.Cost(requests: 5, received: sent, sent: received))
            }
        }
    }

    @Test func longPolling() async throws {
        try await self.withServer { server in
            try await self.publish("first", server)
            try await self.withWire(server) { wire in
                try await wire.send(self.get("/rooms/a/messages", .longpolling))
                let tag = try await wire.readAnswer().values("ETag").first ?? ""
                let position = tag.filter { $0 != "\"" }.split(separator: ":")
                try await wire.send(
                    self.get("/rooms/a/messages?epoch=\(position[0])&after=\(position[1])&wait=25", .longpolling))
                try await self.publish("second", server)
                #expect(try await wire.readAnswer().status == 200)
                let (cost, sent, received) = (
                    try await self.report(server).ways["longpolling"], wire.sent, wire.received
                )
                #expect(cost == WayReport.Cost(requests: 2, received: sent, sent: received))
            }
        }
    }

    @Test func streaming() async throws {
        try await self.withServer { server in
            try await self.withWire(server) { wire in
                try await wire.send(self.get("/rooms/a/stream?format=ndjson", .streaming))
                #expect(try await wire.readHead().values("Transfer-Encoding") == ["chunked"])
                #expect(try await wire.readChunk().contains("joined"))
                for text in ["a", String(repeating: "b", count: 5000)] {
                    try await self.publish(text, server)
                    let chunk = try await wire.readChunk()
                    #expect(chunk.contains(text))
                    let (cost, sent, received) = (
                        try await self.report(server).ways["streaming"], wire.sent, wire.received
                    )
                    #expect(cost == WayReport.Cost(requests: 1, received: sent, sent: received))
                }
            }
        }
    }

    @Test func webSocket() async throws {
        try await self.withServer { server in
            try await self.withWire(server) { wire in
                try await wire.send(
                    self.get(
                        "/rooms", .websocket,
                        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                            + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: duplex.v1\r\n"))
                #expect(try await wire.readHead().status == 101)
                #expect(try await wire.readFrame().contains("welcome"))
                try await wire.sendFrame(#"{"type":"join","id":1,"room":"a"}"#)
                #expect(try await wire.readFrame().contains("joined"))
                for text in ["a", String(repeating: "b", count: 5000)] {
                    try await self.publish(text, server)
                    #expect(try await wire.readFrame().contains(text))
                }
                // A ping, and its pong.
                try await wire.send([0x89, 0x82, 0, 0, 0, 0, 1, 2])
                #expect(try await wire.read(4) == [0x8A, 2, 1, 2])
                // The closing handshake.
                try await wire.send([0x88, 0x82, 0, 0, 0, 0, 3, 232])
                #expect(try await wire.read(4) == [0x88, 2, 3, 232])
                let (cost, sent, received) = (try await self.report(server).ways["websocket"], wire.sent, wire.received)
                #expect(cost == WayReport.Cost(requests: 1, received: sent, sent: received))
            }
        }
    }

    /// Over HTTP/2 heads count as HTTP/1.1 would write them, and frames as they are.
    @Test func webSocketOverHTTP2() async throws {
        try await self.withServer(http2: .everywhere) { server in
            try await RawHTTP2Connection.with(port: server.port) { connection in
                let stream = try await connection.open()
                try await stream.send(
                    RawHTTP2Stream.connect(
                        "/rooms?as=ways-\(Self.page)-websocket",
                        [("sec-websocket-version", "13"), ("sec-websocket-protocol", "duplex.v1")]))
                _ = try await stream.headers()
                let welcome = try await self.readFrame(stream)
                let before = try #require(try await self.report(server).ways["websocket"])
                #expect(before.requests == 1)
                #expect(before.sent > welcome && before.received > 100)
                let join = Array(#"{"type":"join","id":1,"room":"a"}"#.utf8)
                let frame = [0x81, 0x80 | UInt8(join.count), 0, 0, 0, 0] + join
                try await stream.send(frame)
                var got = try await self.readFrame(stream)
                try await self.publish("hello", server)
                got += try await self.readFrame(stream)
                let after = try #require(try await self.report(server).ways["websocket"])
                #expect(after.requests == 1)
                #expect(after.received - before.received == frame.count)
                #expect(after.sent - before.sent == got)
            }
        }
    }

    /// The size of the next frame, without a mask, of which no other comes at the same time.
    private func readFrame(_ stream: RawHTTP2Stream) async throws -> Int {
        let bytes = try await stream.bytes(4)
        let size = bytes[1] == 126 ? 4 + Int(bytes[2]) << 8 + Int(bytes[3]) : 2 + Int(bytes[1])
        return bytes.count == size ? size : bytes.count + (try await stream.bytes(size - bytes.count).count)
    }

    @Test func onlyReadersOfThePageAreCounted() async throws {
        try await self.withServer { server in
            try await self.withWire(server) { wire in
                for request in [
                    "GET /rooms/a/messages?as=ann HTTP/1.1\r\nHost: a\r\n\r\n",
                    "GET /rooms/a/messages HTTP/1.1\r\nHost: a\r\n\r\n",
                    "GET /style.css?as=ways-\(Self.page)-polling HTTP/1.1\r\nHost: a\r\n\r\n",
                ] {
                    try await wire.send(request)
                    #expect(try await wire.readAnswer().status == 200)
                }
                try await self.publish("by a reader, but it does not read", server)
            }
            let report = try await self.report(server)
            #expect(report.ways == [:])
            #expect(report.pages == 0)
        }
    }

    @Test func thePagesHaveToNameThemselves() async throws {
        try await self.withServer { server in
            try await self.withWire(server) { wire in
                for query in ["", "?id=", "?id=short", "?id=UPPERCASE", "?id=0123abc%20"] {
                    try await wire.send("GET /ways/counters\(query) HTTP/1.1\r\nHost: a\r\n\r\n")
                    #expect(try await wire.readAnswer().status == 400, "\(query)")
                }
            }
        }
    }

    @Test func theReportHasTheTimeAndTheProcessorsWork() async throws {
        try await self.withServer { server in
            let before = Date.now.timeIntervalSince1970 * 1000
            let first = try await self.report(server)
            let second = try await self.report(server)
            #expect(first.time >= before && first.time <= second.time)
            #expect(first.cpu > 0 && first.cpu <= second.cpu)
            #expect(first.http == "1.1")
        }
    }
}
