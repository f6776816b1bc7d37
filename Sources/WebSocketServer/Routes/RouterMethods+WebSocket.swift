public import HTTPTypes
public import Hummingbird
import WebSocketCore
import WebSocketDeflate
public import WebSocketNIO

extension RouterMethods {
    /// A route that upgrades to WebSocket, read by a task.
    ///
    ///     router.webSocket("/chat", protocols: ["chat.v2", "chat.v1"]) { socket, request in
    ///         for try await message in socket.messages { try await socket.send(message) }
    ///     }
    ///
    /// Middleware sees the request and the answer as those of any route; over HTTP/2 the request is shown as a GET, too. When the
    /// closure returns, the connection is closed with 1000, and with 1011 when it throws; what it throws because the
    /// connection was lost is not logged. The task is cancelled when the server is.
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
        accept: @escaping WebSocketAcceptance<Context, Void> = { _, _ in .accept(()) },
        handler: @escaping @Sendable (_ socket: WebSocketConnection, _ request: HTTPRequest) async throws -> Void
    ) -> Self {
        self.webSocket(
            path, origins: origins, configuration: configuration, accept: accept,
            subprotocols: (protocols + [nil]).map {
                .reading($0) { socket, _ in try await handler(socket, socket.request) }
            })
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
        accept: @escaping WebSocketAcceptance<Context, Void> = { _, _ in .accept(()) },
        events: @escaping @Sendable (_ socket: WebSocketConnection) -> any WebSocketHandler
    ) -> Self {
        self.webSocket(
            path, origins: origins, configuration: configuration, accept: accept,
            subprotocols: (protocols + [nil]).map { .events($0) { socket, _ in events(socket) } })
    }

    /// A route that upgrades to WebSocket, and treats each subprotocol in its own way.
    ///
    ///     router.webSocket(
    ///         "/rooms/:room",
    ///         accept: { request, context in
    ///             guard let user = request.cookies["user"]?.value else { return .refuse(.unauthorized) }
    ///             return .accept(Member(user, room: try context.parameters.require("room")))
    ///         },
    ///         subprotocols: [
    ///             .reading("chat.v2") { socket, member in try await chat2(socket, member) },
    ///             .events("chat.v1") { socket, member in Chat1(member) },
    ///         ])
    ///
    /// - Parameters:
    ///   - path: The path; its parameters are in the accept step's context.
    ///   - origins: From which pages it may be opened. Default: the server's own.
    ///   - configuration: How the connections behave, where their subprotocol has no configuration of its own.
    ///   - accept: Looks at the request before, and makes what goes with the connection.
    ///   - subprotocols: The subprotocols spoken here, best first. A client that asks for none of them is refused with 400,
    ///     unless there is one without a name.
    @discardableResult
    public func webSocket<Value>(
        _ path: RouterPath = "",
        origins: OriginPolicy = .sameOrigin,
        configuration: WebSocketConfiguration = WebSocketConfiguration(),
        accept: @escaping WebSocketAcceptance<Context, Value>,
        subprotocols: [WebSocketSubprotocol<Value>]
    ) -> Self {
        let names = subprotocols.map(\.name)
        precondition(names.allSatisfy { $0.map(HTTPGrammar.isToken) ?? true }, "a subprotocol's name is a token")
        precondition(Set(names).count == names.count && !names.isEmpty, "each subprotocol is given once")
        return self.get(path) { request, context -> Response in
            guard let attempt = UpgradeAttempt.current else { return Response(refusing: request) }
            guard origins.allows(attempt.requestAtProxy) else {
                return attempt.refusing(
                    Refusal(.forbidden, "pages of \(request.headers[.origin] ?? "") may not connect", as: .origin))
            }
            let agreed = attempt.offer.subprotocol(from: names.compactMap { $0 })
            guard let subprotocol = subprotocols.first(where: { $0.name == agreed }) else {
                let known = names.compactMap { $0 }.joined(separator: ", ")
                return attempt.refusing(
                    Refusal(.badRequest, "one of these subprotocols has to be asked for: \(known)", as: .subprotocol))
            }
            let acceptance: WebSocketDecision<Value>
            do {
                acceptance = try await accept(request, context)
            } catch {
                attempt.decided = .failure(error)
                throw error
            }
            switch acceptance {
            case .refuse(let response):
                return response
            case .accept(let value, let fields):
                let configuration = subprotocol.configuration ?? configuration
                let plan = UpgradeAttempt.Plan(
                    subprotocol: agreed,
                    compression: configuration.compression.flatMap {
                        PerMessageDeflate(answering: attempt.offer.extensions, configuration: $0)
                    },
                    configuration: configuration, delivery: subprotocol.delivery(value), run: subprotocol.reader(value))
                var response = attempt.offer.response(subprotocol: agreed, extensions: plan.extensions)
                // What the handshake says is the handshake's: a second Accept or Upgrade would make clients refuse.
                response.headerFields.append(contentsOf: fields.filter { !$0.belongsToHandshake })
                attempt.decided = .success(plan)
                return Response(status: response.status, headers: response.headerFields)
            }
        }
    }
}

extension Response {
    init(_ refusal: Refusal) {
        self.init(
            status: refusal.status, headers: refusal.fields, body: ResponseBody(byteBuffer: refusal.body))
    }

    /// The answer to a request at a WebSocket's address that is no upgrade, or that came through a server that cannot.
    fileprivate init(refusing request: Request) {
        // Over HTTP/2 nothing is upgraded: what its answers name must not be named there (RFC 9113, section 8.2.2).
        guard Peer.current?.httpVersion != "2" else {
            self.init(Refusal(HandshakeError(.notAConnect)))
            return
        }
        do {
            _ = try ServerHandshake.offer(of: request.head)
            self.init(Refusal(.notImplemented, "this server was not built with .webSocket()"))
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
