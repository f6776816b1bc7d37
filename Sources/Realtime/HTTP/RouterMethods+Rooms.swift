import HTTPTypes
public import Hummingbird
import HummingbirdCore
import Logging
import RealtimeCore
public import WebSocketServer

/// Says who sends a request. Throwing refuses, too (an `HTTPError` with its status, fields and reason, anything else with 500).
public typealias RealtimeIdentification<Context> =
    @Sendable (_ request: Request, _ context: Context) async throws -> IdentityDecision

extension RouterMethods {
    /// The rooms' ways over HTTP: polling, long polling, streaming, publishing, and who is there, as `docs/protocol.md` has them.
    ///
    ///     router.rooms(hub) { request, _ in
    ///         guard let user = request.cookies["user"]?.value else { return .refused(.unauthorized, "log in first") }
    ///         return .known(Identity(member: try MemberID(user)))
    ///     }
    ///
    /// All that is below the path and is none of the protocol is answered with 404. The permissions of the hub's configuration are
    /// asked in each request. Bodies may be as large as the context's `maxUploadSize`, and the room's messages. Streams and long polls
    /// end when the service that runs the server shuts down; a stream also when its client is gone, of which it has to read the
    /// request's body: middleware may look at it, but not take it away from its connection.
    ///
    /// - Parameters:
    ///   - hub: The rooms.
    ///   - path: Where they are.
    ///   - origins: Pages of which origins may ask. Default: the server's own.
    ///   - identify: Says who asks.
    @discardableResult
    public func rooms(
        _ hub: RealtimeHub, at path: RouterPath = "rooms", origins: OriginPolicy = .sameOrigin,
        identify: @escaping RealtimeIdentification<Context>
    ) -> Self {
        self.rooms(RoomsHTTP(hub, origins: origins), at: path, identify: identify)
    }

    /// The same, for tests.
    @discardableResult
    func rooms(
        _ rooms: RoomsHTTP, at path: RouterPath = "rooms", identify: @escaping RealtimeIdentification<Context>
    ) -> Self {
        let group = self.group(path)
        group.resource("{room}/messages", of: rooms, identify) { call, context in
            switch call.request.method {
            case .post: try await rooms.publish(call, maxBody: context.maxUploadSize)
            default: try await rooms.poll(call)
            }
        } allowing: {
            [.get, .head, .post]
        }
        group.resource("{room}/members", of: rooms, identify) { call, _ in
            try await rooms.members(call)
        } allowing: {
            [.get, .head]
        }
        group.resource("{room}/stream", of: rooms, identify) { call, _ in
            try await rooms.stream(call)
        } allowing: {
            [.get, .head]
        }
        for path: RouterPath in ["{room}", "{room}/**"] {
            for method in HTTPRequest.Method.known {
                group.on(path, method: method) { request, context in
                    try await rooms.answer(request, context.logger) {
                        throw HTTPFailure(.notFound, "there is nothing at this path")
                    }
                }
            }
        }
        return self
    }

    /// A path below the rooms', with all methods there are.
    private func resource(
        _ path: RouterPath, of rooms: RoomsHTTP, _ identify: @escaping RealtimeIdentification<Context>,
        _ body: @escaping @Sendable (RoomsHTTP.Call, Context) async throws -> Response,
        allowing methods: () -> [HTTPRequest.Method]
    ) {
        let methods = methods()
        for method in HTTPRequest.Method.known {
            self.on(path, method: method) { request, context -> Response in
                let response = try await rooms.answer(request, context.logger) {
                    if method == .options { return rooms.crossOrigin.preflight(for: request.head, methods: methods) }
                    guard methods.contains(method) else { throw HTTPFailure.method(allowing: methods) }
                    let room = try RoomsHTTP.room(context.parameters["room"])
                    let identity: Identity
                    switch try await identify(request, context) {
                    case .known(let known): identity = known
                    case .refused(let status, let message): throw HTTPFailure(status, message)
                    }
                    return try await body(
                        RoomsHTTP.Call(request: request, room: room, identity: identity, logger: context.logger),
                        context)
                }
                guard method == .head else { return response }
                var head = response.createHeadResponse()
                // A stream has no length, and a head not that of no body.
                head.headers[.contentLength] = response.headers[.contentLength]
                return head
            }
        }
    }
}

extension HTTPRequest.Method {
    /// Those that are answered at all; of others the router knows nothing.
    fileprivate static let known: [HTTPRequest.Method] = [.get, .head, .post, .put, .delete, .patch, .options]
}
