import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTPTypes
import Synchronization
import Tracing
import WebSocketCore
import WebSocketDeflate
import WebSocketNIO

/// A valid handshake on its way through Hummingbird's middleware and router. A WebSocket route finds it as ``current``, and
/// leaves its ``Plan`` in it.
final class UpgradeAttempt: Sendable {
    /// What a route makes of an upgrade.
    struct Plan: Sendable {
        var subprotocol: String?
        /// What is agreed on about compression.
        var compression: PerMessageDeflate?
        var configuration: WebSocketConfiguration
        var delivery: WebSocketDelivery
        /// Reads the messages, where that is done in a task.
        var run: (@Sendable (WebSocketConnection) async throws -> Void)?

        /// The extensions, as the answer names them.
        var extensions: [WebSocketExtension] { self.compression.map { [$0.answer] } ?? [] }
    }

    /// How many bytes of a refusal's body are passed on: 64 KiB. A refusal is a line or a small page.
    static let maxRefusalBody = 64 << 10

    /// The upgrade that is being decided in this task.
    @TaskLocal static var current: UpgradeAttempt?

    let request: HTTPRequest
    /// Who asks.
    let peer: Peer
    /// What trusted proxies say about the client, if there are any.
    private let forwarded: ForwardedClient
    let shared: ServerShared
    let offer: ServerHandshake.Offer
    /// Let go of at the end: the transport's promise holds this.
    private let transport: Mutex<(any UpgradeTransport)?>
    private let decision = Mutex<Result<Plan, any Error>?>(nil)
    private let refusalReason = Mutex(Refusal.Reason.route)
    private let asking = Mutex(Asking.no)

    private enum Asking {
        case no
        /// The application is asked; it is stopped with this.
        case yes(stop: @Sendable () -> Void)
        case abandoned
    }

    init(
        request: HTTPRequest, offer: ServerHandshake.Offer, peer: Peer, shared: ServerShared,
        transport: any UpgradeTransport
    ) {
        self.request = request
        self.peer = peer
        self.forwarded = ForwardedClient(
            of: request.headerFields, from: peer.address, trusting: shared.configuration.trustedProxies,
            in: shared.configuration.forwardedField)
        self.shared = shared
        self.offer = offer
        self.transport = Mutex(transport)
    }

    /// The client's address.
    var clientAddress: SocketAddress? { self.forwarded.address }

    /// The same, for the log.
    private var shownAddress: String { self.clientAddress.map(String.init(describing:)) ?? "-" }

    /// The request as the client sent it to the first proxy; see ``ForwardedClient/requestAtProxy(_:isSecure:)``.
    var requestAtProxy: HTTPRequest { self.forwarded.requestAtProxy(self.request, isSecure: self.peer.isSecure) }

    /// What the route has come to: its plan, or what it threw. Nil where there was no WebSocket route, or it refused.
    var decided: Result<Plan, any Error>? {
        get { self.decision.withLock { $0 } }
        set { self.decision.withLock { $0 = newValue } }
    }

    /// Stops asking the application, since its answer is of no use any more: the client is gone, or has been refused. Any thread.
    func abandon() {
        let before = self.asking.withLock { asking in
            defer { asking = .abandoned }
            return asking
        }
        if case .yes(let stop) = before { stop() }
    }

    private var isAbandoned: Bool {
        self.asking.withLock { if case .abandoned = $0 { true } else { false } }
    }

    /// Begins to ask the application; false if nobody wants its answer any more.
    private func ask(stop: @escaping @Sendable () -> Void) -> Bool {
        self.asking.withLock { asking in
            if case .abandoned = asking { return false }
            asking = .yes(stop: stop)
            return true
        }
    }

    private func asked() {
        self.asking.withLock { if case .yes = $0 { $0 = .no } }
    }

    private var plan: Plan? { try? self.decided?.get() }

    /// A route's own answer that refuses, whose reason metrics name.
    func refusing(_ refusal: Refusal) -> Response {
        self.refusalReason.withLock { $0 = refusal.reason }
        return Response(refusal)
    }

    /// What the route threw.
    private var routeError: (any Error)? {
        guard case .failure(let error) = self.decided else { return nil }
        return error
    }

    /// Lets the application answer, and does what the answer says. Returns when the connection is refused, or is a WebSocket
    /// that needs no task any more.
    func run(
        _ responder: @escaping HTTPChannelHandler.Responder, channel: any Channel, logger: Logger
    ) async {
        var logger = logger
        logger[metadataKey: "connection"] = .string(self.peer.connectionID)
        let span = self.shared.tracing?.begin(self)
        let context = span?.context
        guard !self.shared.isDraining else {
            return await self.refuse(Refusal(.serviceUnavailable, DrainPolicy.reason, as: .shutdown), on: channel, span)
        }
        let admission = self.shared.admission
        switch admission.handshake(from: self.clientAddress, now: NIODeadline.now().uptimeNanoseconds) {
        case .accept(let ticket):
            // A refused handshake ends its connection, or its stream, as well.
            if ticket.isCounted { channel.closeFuture.whenComplete { _ in admission.webSocketClosed(ticket) } }
        case .refuse(let reason):
            return await self.refuse(Refusal(reason), on: channel, span)
        }
        let begin = ContinuousClock.now
        let decided = await UpgradeAttempt.within(context) {
            await self.decide(responder, channel: channel, span, logger)
        }
        self.shared.configuration.metrics?.handshakeAnswered(after: ContinuousClock.now - begin)
        guard let connection = decided else { return }
        if let run = self.plan?.run {
            await UpgradeAttempt.within(context) { await self.read(connection, run, logger) }
        } else {
            await self.shared.open.keep(channel)
        }
    }

    /// Lets spans that are begun in the meantime be children of the handshake's, if it has one: of which a connection's task keeps
    /// the context only.
    private static func within<T>(_ context: ServiceContext?, _ operation: () async -> T) async -> T {
        guard let context else { return await operation() }
        return await ServiceContext.$current.withValue(context, operation: operation)
    }

    /// Refuses before the application is asked.
    private func refuse(_ refusal: Refusal, on channel: any Channel, _ span: HandshakeSpan?) async {
        defer { span?.refused(refusal.status) }
        guard let transport = self.transport.withLock({ $0.take() }) else { return }
        try? await channel.eventLoop.submit { transport.refuse(refusal) }.get()
    }

    /// Tells in the log that the connection is open, and how it ends; only where somebody wants to know.
    private func follow(_ connection: WebSocketConnection, _ logger: Logger) {
        guard logger.logLevel <= .debug else { return }
        let begin = ContinuousClock.now
        logger.debug(
            "WebSocket opened",
            metadata: [
                "path": .path(of: self.request), "subprotocol": "\(connection.subprotocol ?? "-")",
                "peer": "\(self.shownAddress)",
                "http": "\(self.peer.httpVersion)",
            ])
        connection.whenClosed { closure in
            logger.debug(
                "WebSocket closed",
                metadata: [
                    "code": "\(closure.code)", "reason": .foreign(closure.reason), "clean": "\(closure.wasClean)",
                    "duration": "\(ContinuousClock.now - begin)",
                ])
        }
    }

    /// Lets the route read the messages, and closes the connection when it is done with that.
    private func read(
        _ connection: WebSocketConnection, _ run: @Sendable (WebSocketConnection) async throws -> Void, _ logger: Logger
    ) async {
        do {
            try await run(connection)
            try connection.startClosing()
        } catch {
            // The closing handshake may already be under way, or the connection gone: then this changes nothing.
            if !(error is WebSocketError || error is CancellationError) {
                logger.error(
                    "WebSocket handler failed",
                    metadata: ["error": .foreign(error), "path": .path(of: self.request)])
            }
            try? connection.startClosing(code: error is CancellationError ? .goingAway : .internalError)
        }
        _ = await connection.closed
    }

    /// Asks the application, and accepts or refuses. Returns when the application is done with its answer; the client need
    /// not wait for that. The application's task is cancelled where its answer is of no use (see ``abandon()``).
    private func decide(
        _ responder: @escaping HTTPChannelHandler.Responder, channel: any Channel, _ span: HandshakeSpan?,
        _ logger: Logger
    ) async -> WebSocketConnection? {
        // Hummingbird's response writer stands on an async channel's writer. One that is not connected to a channel lets
        // the answer be looked at before anything is written, and leaves no async channel behind in the pipeline.
        let (writer, parts) = NIOAsyncChannelOutboundWriter<HTTPResponsePart>.makeTestingWriter()
        guard self.ask(stop: { writer.finish() }) else {
            writer.finish()
            self.drop(span)
            return nil
        }
        return await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await UpgradeAttempt.$current.withValue(self) {
                    let request = Request(head: self.request, body: RequestBody(buffer: ByteBuffer()))
                    do {
                        try await responder(request, ResponseWriter(outbound: writer), channel)
                    } catch {
                        logger.error("WebSocket route failed", metadata: ["error": .foreign(error)])
                    }
                    writer.finish()
                }
            }
            let (response, body) = await UpgradeAttempt.beginning(of: parts)
            // What is written from now on is thrown away.
            writer.finish()
            self.asked()
            if self.isAbandoned {
                group.cancelAll()
                self.drop(span)
                return nil
            }
            // Middleware may still have something to do behind an answer; one without an end has to stop.
            if response.status != self.offer.acceptance { group.cancelAll() }
            return await self.carryOut(response, body, on: channel, span, logger)
        }
    }

    /// Lets go of a client that has its answer, or needs none.
    private func drop(_ span: HandshakeSpan?) {
        self.transport.withLock { $0 = nil }
        span?.failed(ChannelError.ioOnClosedChannel)
    }

    /// The head of the application's answer, and the body where it matters. A WebSocket route answers at once, with 101 or 200; anything
    /// else is a refusal, of which only so much is taken that an endless answer (of a route that streams events, say) does
    /// no harm.
    private static func beginning(
        of parts: NIOAsyncChannelOutboundWriter<HTTPResponsePart>.TestSink
    ) async -> (HTTPResponse, ByteBuffer) {
        var response = HTTPResponse(status: .internalServerError)
        var body = ByteBuffer()
        reading: for await part in parts {
            switch part {
            case .head(let head):
                response = head
                if head.status == .switchingProtocols || head.status.kind == .successful { break reading }
            case .body(let bytes):
                body.writeBytes(bytes.readableBytesView.prefix(UpgradeAttempt.maxRefusalBody - body.readableBytes))
                if body.readableBytes == UpgradeAttempt.maxRefusalBody { break reading }
            case .end:
                break reading
            }
        }
        return (response, body)
    }

    /// Does what the application's answer says. The handshake's span ends with that.
    private func carryOut(
        _ response: HTTPResponse, _ body: ByteBuffer, on channel: any Channel, _ span: HandshakeSpan?, _ logger: Logger
    ) async -> WebSocketConnection? {
        guard let transport = self.transport.withLock({ $0.take() }) else { return nil }
        let outcome: EventLoopFuture<WebSocketConnection?> = channel.eventLoop.submit {
            guard response.status == self.offer.acceptance, let plan = self.plan else {
                let reason = self.refusalReason.withLock { $0 }
                let refusal = Refusal(response, body: body, of: self.request, as: reason)
                transport.refuse(refusal)
                span?.refused(refusal.status, error: self.routeError)
                return nil
            }
            let connection = try transport.accept(response, plan, self)
            span?.accepted(response.status, subprotocol: plan.subprotocol)
            self.follow(connection, logger)
            return connection
        }
        do {
            return try await outcome.get()
        } catch {
            span?.failed(error)
            return nil
        }
    }
}
