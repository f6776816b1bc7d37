import HTTPTypes
public import Hummingbird
import RealtimeCore
public import WebSocketNIO
public import WebSocketServer

extension RouterMethods {
    /// The rooms' WebSocket, subprotocol `duplex.v1`.
    ///
    /// - Parameters:
    ///   - hub: The rooms.
    ///   - path: Where; the other ways are below it.
    ///   - origins: From which pages it may be opened. Default: the server's own.
    ///   - configuration: How the connections behave. What becomes of slow readers says ``RoomPolicy/slowReaders``.
    ///   - identify: Says who asks.
    @discardableResult
    public func roomsSocket(
        _ hub: RealtimeHub, at path: RouterPath = "rooms", origins: OriginPolicy = .sameOrigin,
        configuration: WebSocketConfiguration = WebSocketConfiguration(),
        identify: @escaping @Sendable (Request, Context) async throws -> IdentityDecision
    ) -> Self {
        let loops = NIOHubLoop.All()
        return self.webSocket(
            path, origins: origins, configuration: configuration,
            accept: { request, context -> WebSocketDecision<(Identity, SessionID?)> in
                let identity: Identity
                switch try await identify(request, context) {
                case .known(let known): identity = known
                case .refused(let status, let message): return .refuse(status, message)
                }
                // One that is none, or has expired, only means that there is a new one.
                let session = request.uri.queryParameters["session"].flatMap { try? SessionID(parsing: $0) }
                return .accept((identity, session))
            },
            subprotocols: [
                .events(ClientRequest.subprotocol) { socket, value in
                    RoomsSocket(socket, of: hub, loops, as: value.0, session: value.1)
                }
            ])
    }
}
