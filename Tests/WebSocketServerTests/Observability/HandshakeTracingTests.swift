import HTTPTypes
import Hummingbird
import HummingbirdCore
import InMemoryTracing
import Logging
import NIOCore
import NIOEmbedded
import TestSupport
import Testing
import Tracing
import WebSocketClient
import WebSocketCore
import WebSocketNIO

@testable import WebSocketServer

@Suite(.timeLimit(.minutes(1)))
struct HandshakeTracingTests {
    private struct Broken: Error {}

    private let tracer = InMemoryTracer()

    /// The handshakes' spans that have ended.
    private var spans: [FinishedInMemorySpan] {
        self.tracer.finishedSpans.filter { $0.operationName == "websocket handshake" }
    }

    private func string(_ name: String, _ span: FinishedInMemorySpan) -> String? {
        guard case .string(let value) = span.attributes.get(name) else { return nil }
        return value
    }

    private func status(_ span: FinishedInMemorySpan) -> Int? {
        guard case .int64(let value) = span.attributes.get("http.response.status_code") else { return nil }
        return Int(value)
    }

    private func with(
        _ router: Router<BasicRequestContext>, _ configuration: WebSocketServerConfiguration = .init(),
        _ body: (TestServer) async throws -> Void
    ) async throws {
        try await withTracer(self.tracer) {
            try await TestServer.with(router, server: .webSocket(configuration), body)
        }
    }

    /// Asks once, and gives the span of the handshake that was refused.
    private func refused(
        _ router: Router<BasicRequestContext>, _ request: String
    ) async throws -> FinishedInMemorySpan {
        try await self.with(router) { server in
            try await RawConnection.with(port: server.port) { client in
                try await client.send(request)
                _ = try await client.readLastAnswer()
            }
        }
        #expect(self.tracer.activeSpans.isEmpty)
        #expect(self.spans.count == 1)
        return try #require(self.spans.first)
    }

    // MARK: What a span says

    /// It has ended while the connection goes on.
    @Test(arguments: [DialOptions.HTTPVersion.http1, .http2])
    func accepted(_ version: DialOptions.HTTPVersion) async throws {
        let router = Router(context: BasicRequestContext.self)
        router.webSocket("/chat", protocols: ["chat"], origins: .any, events: { _ in Echo() })
        let ids = Mailbox<String?>()
        router.webSocket("/id", origins: .any) { _, _ in ids.post(Peer.current?.connectionID) }
        try await self.with(router, .init(http2: .everywhere)) { server in
            let options = DialOptions(protocols: ["chat"], httpVersion: version)
            let socket = try await WebSocketClient.connect(to: server.url("/chat?token=secret"), options: options)
            try await socket.send("hello")
            var messages = socket.messages.makeAsyncIterator()
            #expect(try await messages.next() == .text("hello"))
            #expect(self.tracer.activeSpans.isEmpty)
            let span = try #require(self.spans.first)
            #expect(span.kind == .server)
            #expect(span.parentSpanID == nil)
            #expect(self.string("http.request.method", span) == (version == .http2 ? "CONNECT" : "GET"))
            #expect(self.string("url.path", span) == "/chat")
            #expect(self.string("network.protocol.version", span) == (version == .http2 ? "2" : "1.1"))
            #expect(self.string("client.address", span) == "127.0.0.1")
            #expect(self.string("websocket.subprotocol", span) == "chat")
            #expect(self.status(span) == (version == .http2 ? 200 : 101))
            #expect(span.status == nil)
            #expect(span.errors.isEmpty)
            span.attributes.forEach { name, value in
                let text = "\(value)"
                #expect(!text.contains("secret"), "\(name)")
            }
            try await socket.close()
            _ = try await WebSocketClient.connect(to: server.url("/id"), options: .init(httpVersion: version)).closed
        }
        #expect(self.spans.count == 2)
        let last = try #require(self.spans.last)
        let id = try #require(await ids.next())
        #expect(self.string("duplex.connection.id", last) == id)
        #expect(self.string("websocket.subprotocol", last) == nil)
    }

    @Test func refusedByTheAcceptStep() async throws {
        let router = Router(context: BasicRequestContext.self)
        router.webSocket("/no", accept: { _, _ in .refuse(.forbidden) }, events: { _ in Echo() })
        let span = try await self.refused(router, Handshake.request("/no"))
        #expect(self.status(span) == 403)
        #expect(span.status == nil)
        #expect(span.errors.isEmpty)
        #expect(span.attributes.get("error.type") == nil)
    }

    /// An error of the client's is none of the server's, even when it is thrown.
    @Test func refusedByThrowing() async throws {
        let router = Router(context: BasicRequestContext.self)
        router.webSocket("/no", accept: { _, _ in throw HTTPError(.unauthorized) }, events: { _ in Echo() })
        let span = try await self.refused(router, Handshake.request("/no"))
        #expect(self.status(span) == 401)
        #expect(span.status == nil)
        #expect(span.errors.isEmpty)
    }

    /// The status is that which the client sees: the page's own was 200.
    @Test func noWebSocket() async throws {
        let span = try await self.refused(echoRouter(), Handshake.request("/page"))
        #expect(self.status(span) == 400)
        #expect(span.status == nil)
    }

    @Test func errorInTheAcceptStep() async throws {
        let router = Router(context: BasicRequestContext.self)
        router.webSocket("/broken", accept: { _, _ in throw Broken() }, events: { _ in Echo() })
        let span = try await self.refused(router, Handshake.request("/broken"))
        #expect(self.status(span) == 500)
        #expect(span.status?.code == .error)
        #expect(span.errors.count == 1)
        #expect(span.errors.first?.error is Broken)
        #expect(self.string("error.type", span) == "Broken")
    }

    /// What never gets so far as to be decided has no span, and neither has an ordinary request.
    @Test func noHandshake() async throws {
        try await self.with(echoRouter()) { server in
            for request in [
                Handshake.request("/echo", without: [Handshake.key]),
                Handshake.get("/echo", "Connection: close"), Handshake.get("/page", "Connection: close"),
            ] {
                try await RawConnection.with(port: server.port) { client in
                    try await client.send(request)
                    _ = try await client.readLastAnswer()
                }
            }
        }
        #expect(self.tracer.activeSpans.isEmpty)
        #expect(self.tracer.finishedSpans.isEmpty)
    }

    // MARK: Without an answer of the application

    private func attempt(_ shared: ServerShared) throws -> UpgradeAttempt {
        let request = HTTPRequest(
            method: .get, scheme: "http", authority: "localhost", path: "/",
            headerFields: [
                .connection: "Upgrade", .upgrade: "websocket", .secWebSocketVersion: "13",
                .secWebSocketKey: "dGhlIHNhbXBsZSBub25jZQ==",
            ])
        return UpgradeAttempt(
            request: request, offer: try ServerHandshake.offer(of: request),
            peer: Peer(connectionID: "1", isSecure: false, httpVersion: "1.1"), shared: shared,
            transport: LostTransport())
    }

    /// Runs a handshake of a client that is gone when it is accepted, and gives its span.
    private func run(_ limits: AdmissionLimits = .init(), isLimitReached: Bool = false) async throws
        -> FinishedInMemorySpan
    {
        let channel = NIOAsyncTestingChannel()
        let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        try await withTracer(self.tracer) {
            let shared = ServerShared(WebSocketServerConfiguration(admission: limits))
            // With one at the end of time there is none to be had until then.
            if isLimitReached {
                #expect(shared.admission.handshake(from: nil, now: .max) != .refuse(.handshakesPerSecond))
            }
            try await self.attempt(shared).run(
                { _, writer, _ in
                    UpgradeAttempt.current?.decided = .success(
                        .init(configuration: .init(), delivery: .handler { _ in Echo() }))
                    try await writer.writeResponse(HTTPResponse(status: .switchingProtocols))
                }, channel: channel, logger: logger)
        }
        _ = try await channel.finish()
        #expect(self.tracer.activeSpans.isEmpty)
        #expect(self.spans.count == 1)
        return try #require(self.spans.first)
    }

    @Test func clientIsGone() async throws {
        let span = try await self.run()
        #expect(self.status(span) == nil)
        #expect(span.status?.code == .error)
        #expect(span.errors.first?.error as? ChannelError == .ioOnClosedChannel)
        #expect(self.string("error.type", span) == "ChannelError")
    }

    /// A refusal that is the server's fault is an error, though nobody threw one.
    @Test func tooManyHandshakes() async throws {
        let span = try await self.run(AdmissionLimits(handshakesPerSecond: 1), isLimitReached: true)
        #expect(self.status(span) == 503)
        #expect(span.status?.code == .error)
        #expect(span.errors.isEmpty)
        #expect(self.string("error.type", span) == "503")
    }

    // MARK: Parents and children

    @Test func parent() async throws {
        let router = Router(context: BasicRequestContext.self)
        router.webSocket("/no", accept: { _, _ in .refuse(.forbidden) }, events: { _ in Echo() })
        let span = try await self.refused(
            router,
            Handshake.request(
                "/no", "\(InMemoryTracer.traceIDKey): the trace", "\(InMemoryTracer.spanIDKey): the parent"))
        #expect(span.traceID == "the trace")
        #expect(span.parentSpanID == "the parent")
    }

    /// Spans of the accept step and of the route's task are below the handshake's; the client's span is above it.
    @Test(arguments: [DialOptions.HTTPVersion.http1, .http2])
    func children(_ version: DialOptions.HTTPVersion) async throws {
        let router = Router(context: BasicRequestContext.self)
        router.webSocket(
            "/read", origins: .any,
            accept: { _, _ in
                withSpan("accept step") { _ in }
                return .accept(())
            },
            handler: { socket, _ in
                let span = startSpan("route")
                defer { span.end() }
                try await socket.close()
            })
        try await self.with(router, .init(http2: .everywhere)) { server in
            let options = DialOptions(httpVersion: version)
            let socket = try await withSpan("client") { _ in
                try await WebSocketClient.connect(to: server.url("/read"), options: options)
            }
            _ = await socket.closed
        }
        let handshake = try #require(self.spans.first)
        for (name, parent) in [("accept step", handshake.spanID), ("route", handshake.spanID), ("client", nil)] {
            let span = try #require(self.tracer.finishedSpans.first { $0.operationName == name })
            #expect(span.parentSpanID == parent)
            #expect(span.traceID == handshake.traceID)
        }
        let client = self.tracer.finishedSpans.first { $0.operationName == "client" }
        #expect(handshake.parentSpanID == client?.spanID)
    }

    /// Each of the WebSockets on a connection has a span, below that in which it was asked for.
    @Test func manyOnOneConnection() async throws {
        try await self.with(echoRouter(), .init(http2: .everywhere)) { server in
            let connection = try await WebSocketHTTP2Connection.connect(
                to: server.url("/echo"), options: DialOptions(httpVersion: .http2))
            for name in ["first", "second"] {
                let socket = try await withSpan(name) { _ in try await connection.webSocket() }
                try await socket.close()
            }
            await connection.close()
        }
        #expect(self.spans.count == 2)
        let parents = self.tracer.finishedSpans.filter { ["first", "second"].contains($0.operationName) }
        #expect(self.spans.map(\.parentSpanID) == parents.map(\.spanID))
        let first = self.spans.first.flatMap { self.string("duplex.connection.id", $0) }
        let second = self.spans.last.flatMap { self.string("duplex.connection.id", $0) }
        #expect(first == second)
    }

    // MARK: Without a tracer

    @Test func nobodyTraces() async throws {
        #expect(HandshakeTracing() == nil)
        withTracer(NoOpTracer()) { #expect(HandshakeTracing() == nil) }
        let contexts = Mailbox<Bool>()
        let router = Router(context: BasicRequestContext.self)
        router.webSocket(
            "/read", origins: .any,
            accept: { _, _ in
                contexts.post(ServiceContext.current == nil)
                return .accept(())
            },
            handler: { _, _ in contexts.post(ServiceContext.current == nil) })
        try await TestServer.with(router) { server in
            _ = try await WebSocketClient.connect(to: server.url("/read")).closed
        }
        #expect(await contexts.next() == true)
        #expect(await contexts.next() == true)
    }
}

/// A connection that has ended in the meantime.
private final class LostTransport: UpgradeTransport {
    func accept(_ response: HTTPResponse, _ plan: UpgradeAttempt.Plan, _ attempt: UpgradeAttempt) throws
        -> WebSocketConnection
    {
        throw ChannelError.ioOnClosedChannel
    }

    func refuse(_ refusal: Refusal) {}
}
