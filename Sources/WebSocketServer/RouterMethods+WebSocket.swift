public import HTTPTypes
public import Hummingbird
import WebSocketCore
import WebSocketDeflate
public import WebSocketNIO

/// Looks at a request before it is upgraded: returns fields for the answer (those of the handshake itself are left out), or
/// throws to refuse (an `HTTPError` with the status and reason).
public typealias WebSocketAcceptance<Context> = @Sendable (Request, Context) async throws -> HTTPFields

extension RouterMethods {
    /// A route that upgrades to WebSocket, read by a task.
    ///
    ///     router.webSocket("/chat", protocols: ["chat.v2", "chat.v1"]) { socket, request in
    ///         for try await message in socket.messages { try await socket.send(message) }
    ///     }
    ///
    /// Middleware sees the request and the answer as those of any route. When the closure returns, the connection is closed
    /// with 1000, and with 1011 when it throws; what it throws because the connection was lost is not logged. The task is
    /// cancelled when the server is.
    ///
    /// - Parameters:
    ///   - path: The path.
    ///   - protocols: The subprotocols spoken here, best first. A client that asks for none of them is connected without one.
    ///   - origins: From which pages it may be opened. Default: the server's own.
    ///   - configuration: How the connections behave.
    ///   - accept: Looks at the request before.
    ///   - handler: Reads the messages.
    @discardableResult
    public func webSocket(
        _ path: RouterPath = "",
        protocols: [String] = [],
        origins: OriginPolicy = .sameOrigin,
        configuration: WebSocketConfiguration = WebSocketConfiguration(),
        accept: @escaping WebSocketAcceptance<Context> = { _, _ in [:] },
        handler: @escaping @Sendable (_ socket: WebSocketConnection, _ request: HTTPRequest) async throws -> Void
    ) -> Self {
        self.webSocket(
            path, protocols, origins, accept, configuration, .reader, run: { try await handler($0, $0.request) })
    }

    /// A route that upgrades to WebSocket, served by calls on the event loop: no task for each connection.
    ///
    ///     router.webSocket("/echo", events: { _ in Echo() })
    ///
    /// - Parameters:
    ///   - path: The path.
    ///   - protocols: The subprotocols spoken here, best first. A client that asks for none of them is connected without one.
    ///   - origins: From which pages it may be opened. Default: the server's own.
    ///   - configuration: How the connections behave.
    ///   - accept: Looks at the request before.
    ///   - events: Makes the handler of a connection, on its event loop.
    @discardableResult
    public func webSocket(
        _ path: RouterPath = "",
        protocols: [String] = [],
        origins: OriginPolicy = .sameOrigin,
        configuration: WebSocketConfiguration = WebSocketConfiguration(),
        accept: @escaping WebSocketAcceptance<Context> = { _, _ in [:] },
        events: @escaping @Sendable (_ socket: WebSocketConnection) -> any WebSocketHandler
    ) -> Self {
        self.webSocket(path, protocols, origins, accept, configuration, .handler(events), run: nil)
    }

    private func webSocket(
        _ path: RouterPath, _ protocols: [String], _ origins: OriginPolicy,
        _ accept: @escaping WebSocketAcceptance<Context>, _ configuration: WebSocketConfiguration,
        _ delivery: WebSocketDelivery, run: (@Sendable (WebSocketConnection) async throws -> Void)?
    ) -> Self {
        precondition(protocols.allSatisfy(HTTPGrammar.isToken), "a subprotocol's name is a token")
        return self.get(path) { request, context -> Response in
            guard let attempt = UpgradeAttempt.current else { return Response(refusing: request) }
            guard origins.allows(request.head) else {
                return Response(Refusal(.forbidden, "pages of \(request.headers[.origin] ?? "") may not connect"))
            }
            let fields = try await accept(request, context)
            let plan = UpgradeAttempt.Plan(
                subprotocol: attempt.offer.subprotocol(from: protocols),
                compression: configuration.compression.flatMap {
                    PerMessageDeflate(answering: attempt.offer.extensions, configuration: $0)
                },
                configuration: configuration, delivery: delivery, run: run)
            var response = attempt.offer.response(subprotocol: plan.subprotocol, extensions: plan.extensions)
            // What the handshake says is the handshake's: a second Accept or Upgrade would make clients refuse.
            response.headerFields.append(contentsOf: fields.filter { !$0.belongsToHandshake })
            attempt.plan = plan
            return Response(status: response.status, headers: response.headerFields)
        }
    }
}

extension Response {
    fileprivate init(_ refusal: Refusal) {
        self.init(
            status: refusal.status, headers: refusal.fields, body: ResponseBody(byteBuffer: refusal.body))
    }

    /// The answer to a request at a WebSocket's address that is no upgrade, or that came through a server that cannot.
    fileprivate init(refusing request: Request) {
        do {
            _ = try ServerHandshake.offer(of: request.head)
            self.init(Refusal(.notImplemented, "this server was not built with .http1WebSocket()"))
        } catch {
            self.init(Refusal(error))
        }
    }
}

extension HTTPField {
    /// Whether the field is part of what a 101 says, or has no place in one.
    fileprivate var belongsToHandshake: Bool {
        let name = self.name.canonicalName
        return name.hasPrefix("sec-websocket-")
            || ["upgrade", "connection", "content-length", "transfer-encoding"].contains(name)
    }
}
