import HTTPTypes
import Hummingbird
import NIOCore
import NIOHPACK
import NIOPosix
import PrometheusMetrics
import TestSupport
import Testing
import WebSocketClient
import WebSocketNIO

@testable import WebSocketServer

@Suite(.timeLimit(.minutes(1)))
struct WebSocketMetricsTests {
    private func value(_ name: String, _ registry: PrometheusRegistry) -> Double? {
        registry.text().split(separator: "\n").first { $0.hasPrefix(name + " ") }
            .flatMap { Double($0.dropFirst(name.count + 1)) }
    }

    /// How many handshakes were refused, by labels.
    private func refusals(_ registry: PrometheusRegistry) -> [String: Int] {
        let prefix = "websocket_handshakes_refused_total{"
        let lines = registry.text().split(separator: "\n").filter { $0.hasPrefix(prefix) }
        return lines.reduce(into: [:]) { counts, line in
            let parts = line.dropFirst(prefix.count).split(separator: "}")
            counts[String(parts[0])] = Int(parts[1].dropFirst())
        }
    }

    /// Only what is new is added.
    @Test func differences() {
        let registry = PrometheusRegistry()
        let metrics = WebSocketMetrics(loops: MultiThreadedEventLoopGroup.singleton, factory: registry)
        var statistics = LoopStatistics()
        statistics.opened = 5
        statistics.closed = [1000: 1, 3001: 1, 3002: 1, 4444: 1, 2000: 1]
        statistics.messagesReceived = 10
        statistics.bytesSent = 100
        statistics.queued = 7
        statistics.lag = .milliseconds(250)
        metrics.publish(statistics, metrics.begin())
        statistics.opened = 7
        statistics.closed[1000] = 2
        statistics.messagesReceived = 11
        statistics.queued = 0
        metrics.publish(statistics, metrics.begin())
        #expect(self.value("websocket_connections_opened_total", registry) == 7)
        #expect(self.value("websocket_connections_open", registry) == 1)
        #expect(self.value("websocket_connections_closed_total{code=\"1000\"}", registry) == 2)
        #expect(self.value("websocket_connections_closed_total{code=\"3xxx\"}", registry) == 2)
        #expect(self.value("websocket_connections_closed_total{code=\"4xxx\"}", registry) == 1)
        #expect(self.value("websocket_connections_closed_total{code=\"other\"}", registry) == 1)
        #expect(self.value("websocket_messages_received_total", registry) == 11)
        #expect(self.value("websocket_sent_bytes_total", registry) == 100)
        #expect(self.value("websocket_queued_bytes", registry) == 0)
        #expect(self.value("event_loop_lag_seconds", registry) == 0.25)
        // Each has a text that says what it is.
        for line in registry.text().split(separator: "\n") where line.hasPrefix("# TYPE ") {
            #expect(WebSocketMetrics.help[String(line.split(separator: " ")[2])] != nil)
        }
    }

    /// Two ask at once, and are answered in the other order; one loop was asked sooner by the one, another by the other.
    @Test func atOnce() {
        let registry = PrometheusRegistry()
        let metrics = WebSocketMetrics(loops: MultiThreadedEventLoopGroup.singleton, factory: registry)
        var statistics = LoopStatistics()
        statistics.messagesReceived = 5
        statistics.opened = 3
        statistics.closed = [1000: 2]
        statistics.queued = 9
        let (first, second) = (metrics.begin(), metrics.begin())
        var older = statistics
        older.messagesReceived = 4
        older.messagesSent = 1
        older.opened = 2
        older.closed = [1000: 1]
        older.queued = 8
        metrics.publish(statistics, second)
        metrics.publish(older, first)
        #expect(self.value("websocket_messages_received_total", registry) == 5)
        #expect(self.value("websocket_messages_sent_total", registry) == 1)
        #expect(self.value("websocket_connections_open", registry) == 1)
        #expect(self.value("websocket_queued_bytes", registry) == 9)
        statistics.messagesReceived = 6
        statistics.messagesSent = 1
        metrics.publish(statistics, metrics.begin())
        #expect(self.value("websocket_messages_received_total", registry) == 6)
        #expect(self.value("websocket_messages_sent_total", registry) == 1)
        #expect(self.value("websocket_connections_opened_total", registry) == 3)
        #expect(self.value("websocket_connections_closed_total{code=\"1000\"}", registry) == 2)
    }

    /// Refusals are counted when they happen, and each handshake is timed.
    @Test func handshakes() async throws {
        let registry = PrometheusRegistry()
        let metrics = WebSocketMetrics(loops: MultiThreadedEventLoopGroup.singleton, factory: registry)
        let router = echoRouter()
        router.webSocket("/no", accept: { _, _ in .refuse(.forbidden) }, events: { _ in Echo() })
        try await TestServer.with(router, server: .webSocket(.init(metrics: metrics))) { server in
            let socket = try await WebSocketClient.connect(to: server.url("/echo"))
            for _ in 0..<2 {
                await #expect(throws: DialError.self) { _ = try await WebSocketClient.connect(to: server.url("/no")) }
            }
            try await socket.close()
        }
        #expect(self.refusals(registry) == ["reason=\"route\",status=\"403\"": 2])
        #expect(self.value("websocket_handshake_duration_seconds_count", registry) == 3)
    }

    /// Whoever refuses, it is counted, with the status that is sent and a reason.
    @Test func refusals() async throws {
        let registry = PrometheusRegistry()
        let metrics = WebSocketMetrics(loops: MultiThreadedEventLoopGroup.singleton, factory: registry)
        let router = echoRouter()
        router.webSocket("/same", events: { _ in Echo() })
        router.webSocket(
            "/chat", accept: { _, _ in .accept(()) }, subprotocols: [.events("chat.v1") { _, _ in Echo() }])
        let cases = [
            (Handshake.request(without: [Handshake.key]), 400, "key"),
            (Handshake.request(without: [Handshake.version]), 426, "version"),
            (Handshake.request("/echo", Handshake.host), 400, "host"),
            (Handshake.request(method: "POST"), 405, "method"),
            (Handshake.request("/echo", "Content-Length: 5"), 400, "body"),
            (Handshake.request("/echo", "Sec-WebSocket-Extensions: ;"), 400, "extensions"),
            (Handshake.request("/echo", "X: \(String(repeating: "x", count: 100 << 10))"), 431, "too_large"),
            ("GET / HTTP/1.1\r\nA B: x\r\n\r\n", 400, "grammar"), (Handshake.request("/nothing"), 404, "route"),
            (Handshake.request("/same", "Origin: http://evil.example"), 403, "origin"),
            (Handshake.request("/chat"), 400, "subprotocol"),
            (Handshake.request() + Handshake.get("/page"), 400, "pipelined"),
        ]
        let configuration = WebSocketServerConfiguration(http2: .everywhere, metrics: metrics)
        try await TestServer.with(router, server: .webSocket(configuration)) { server in
            for (request, status, reason) in cases {
                let label = "reason=\"\(reason)\",status=\"\(status)\""
                #expect(self.refusals(registry)[label] == nil)
                try await RawConnection.with(port: server.port) { client in
                    try await client.send(request)
                    let answer = try await client.readLastAnswer()
                    #expect(answer.status == status)
                }
                #expect(self.refusals(registry)[label] == 1, "\(reason): \(self.refusals(registry))")
            }
            // Over HTTP/2 there are no upgrades to be required.
            try await RawHTTP2Connection.with(port: server.port) { client in
                for (request, status) in [
                    (RawHTTP2Stream.connect("/echo", []), "400"),
                    (RawHTTP2Stream.connect("/echo", protocol: "connect-udp"), "501"),
                    (RawHTTP2Stream.connect("/nothing"), "404"),
                ] {
                    let stream = try await client.open()
                    try await stream.send(request)
                    #expect(try await stream.headers()[":status"] == [status])
                }
            }
            let counts = self.refusals(registry)
            #expect(counts["reason=\"version\",status=\"400\""] == 1)
            #expect(counts["reason=\"connect\",status=\"501\""] == 1)
            #expect(counts["reason=\"route\",status=\"404\""] == 2)
            #expect(counts.values.reduce(0, +) == cases.count + 3)
        }
    }

    @Test func noRequest() async throws {
        let registry = PrometheusRegistry()
        let metrics = WebSocketMetrics(loops: MultiThreadedEventLoopGroup.singleton, factory: registry)
        let configuration = WebSocketServerConfiguration(handshakeTimeout: .milliseconds(50), metrics: metrics)
        try await TestServer.with(echoRouter(), server: .webSocket(configuration)) { server in
            try await RawConnection.with(port: server.port) { client in
                let answer = try await client.readLastAnswer()
                #expect(answer.status == 408)
            }
        }
        #expect(self.refusals(registry) == ["reason=\"timeout\",status=\"408\"": 1])
    }

    @Test func tooManyConnections() async throws {
        let registry = PrometheusRegistry()
        let metrics = WebSocketMetrics(loops: MultiThreadedEventLoopGroup.singleton, factory: registry)
        let configuration = WebSocketServerConfiguration(
            admission: AdmissionLimits(maxConnections: 1), metrics: metrics)
        try await TestServer.with(echoRouter(), server: .webSocket(configuration)) { server in
            let first = try await WebSocketClient.connect(to: server.url("/echo"))
            await #expect(throws: DialError.self) { _ = try await WebSocketClient.connect(to: server.url("/echo")) }
            try await first.close()
            _ = await first.closed
        }
        #expect(self.value("http_connections_refused_total{reason=\"connections\"}", registry) == 1)
    }

    /// More handshakes than there may be are told when to come again.
    @Test func tooManyHandshakes() async throws {
        let configuration = WebSocketServerConfiguration(
            admission: AdmissionLimits(maxConnections: 100, handshakesPerSecond: 1))
        try await TestServer.with(echoRouter(), server: .webSocket(configuration)) { server in
            // All at once: with two at once and one a second, they would have to take a quarter of a minute to be let in.
            let refusals = try await withThrowingTaskGroup(of: HTTPResponse?.self) { group in
                for _ in 0..<20 {
                    group.addTask {
                        do {
                            try await WebSocketClient.connect(to: server.url("/echo")).close()
                            return nil
                        } catch let error as DialError {
                            return try #require(error.refusal).response
                        }
                    }
                }
                return try await group.reduce(into: [HTTPResponse]()) { if let refusal = $1 { $0.append(refusal) } }
            }
            #expect(!refusals.isEmpty)
            #expect(refusals.allSatisfy { $0.status == .serviceUnavailable && $0.headerFields[.retryAfter] == "1" })
        }
    }

    /// A proxy's connections are not limited, but each of its clients is; an end makes room.
    @Test func tooManyOfOneClient() async throws {
        let configuration = WebSocketServerConfiguration(
            trustedProxies: AddressRange.loopback,
            admission: AdmissionLimits(
                maxConnections: 100, maxConnectionsPerAddress: 1, maxWebSocketsPerAddress: 2, exemptAddresses: []))
        try await TestServer.with(echoRouter(), server: .webSocket(configuration)) { server in
            func connect(_ client: String) async throws -> WebSocketConnection {
                try await WebSocketClient.connect(
                    to: server.url("/echo"), options: DialOptions(fields: [HTTPField.Name("X-Forwarded-For")!: client]))
            }
            let first = try await connect("192.0.2.1")
            _ = try await connect("192.0.2.1")
            _ = try await connect("192.0.2.2")
            do {
                _ = try await connect("192.0.2.1")
                Issue.record("it was let in")
            } catch let error as DialError {
                #expect(error.refusal?.response.status == .tooManyRequests)
            }
            try await first.close()
            // The server hears of the end of the connection a little later.
            while true {
                do {
                    _ = try await connect("192.0.2.1")
                    break
                } catch let error as DialError {
                    #expect(error.refusal?.response.status == .tooManyRequests)
                }
            }
        }
    }

    @Test func health() async throws {
        let readiness = Readiness()
        let router = echoRouter()
        router.health(readiness)
        try await TestServer.with(router) { server in
            try await RawConnection.with(port: server.port) { client in
                func get(_ path: String) async throws -> RawConnection.Answer {
                    try await client.send(Handshake.get(path))
                    return try await client.readAnswer()
                }
                #expect(try await get("/healthz").body == "ok\n")
                #expect(try await get("/readyz").body == "ready\n")
                readiness.obstacle = "the server shuts down"
                let answer = try await get("/readyz")
                #expect(answer.status == 503)
                #expect(answer.body == "the server shuts down\n")
                #expect(answer.values("Retry-After") == ["5"])
                #expect(try await get("/healthz").status == 200)
            }
        }
    }
}
