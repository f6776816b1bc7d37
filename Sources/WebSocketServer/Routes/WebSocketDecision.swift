public import HTTPTypes
public import Hummingbird
public import WebSocketNIO

/// What a route's accept step says about a request.
public enum WebSocketDecision<Value: Sendable>: Sendable {
    /// The connection is accepted.
    ///
    /// The value goes with it, to whatever handles the connection: who the client is, say. The fields go into the answer; those
    /// of the handshake itself are left out.
    case accept(Value, headers: HTTPFields = [:])
    /// It is refused, with this status, fields and body (of which at most 64 KiB are sent). A status that would say that all is
    /// well becomes 400.
    case refuse(Response)

    /// Refuses with a status and a line of text.
    ///
    /// - Parameters:
    ///   - status: The status.
    ///   - reason: The text; the status's own if it is nil.
    public static func refuse(_ status: HTTPResponse.Status, _ reason: String? = nil) -> WebSocketDecision {
        .refuse(Response(Refusal(status, reason ?? status.reasonPhrase)))
    }
}

/// Looks at a request before it is upgraded. ``Peer/current`` says who sent it. Throwing refuses, too (an `HTTPError` with its
/// status and reason, anything else with 500). Its task is cancelled when the client goes, when the server shuts down, and when it has
/// taken ``WebSocketServerConfiguration/handshakeTimeout``, which the client is told with 503.
public typealias WebSocketAcceptance<Context, Value: Sendable> =
    @Sendable (Request, Context) async throws -> WebSocketDecision<Value>

/// What a route does for those who speak a certain subprotocol.
public struct WebSocketSubprotocol<Value: Sendable>: Sendable {
    enum Handling: Sendable {
        case reading(@Sendable (_ socket: WebSocketConnection, _ value: Value) async throws -> Void)
        case events(@Sendable (_ socket: WebSocketConnection, _ value: Value) -> any WebSocketHandler)
    }

    /// The subprotocol's name; nil for clients that ask for none that is spoken here.
    public let name: String?
    /// How the connections behave; nil for the route's.
    public let configuration: WebSocketConfiguration?
    let handling: Handling

    /// Connections read by a task; see `RouterMethods.webSocket`.
    ///
    /// - Parameters:
    ///   - name: The subprotocol's name; nil for clients that ask for none that is spoken here.
    ///   - configuration: How the connections behave; nil for the route's.
    ///   - handler: Reads the messages; it is given what the accept step made.
    public static func reading(
        _ name: String?, configuration: WebSocketConfiguration? = nil,
        handler: @escaping @Sendable (_ socket: WebSocketConnection, _ value: Value) async throws -> Void
    ) -> WebSocketSubprotocol {
        WebSocketSubprotocol(name: name, configuration: configuration, handling: .reading(handler))
    }

    /// Connections served by calls on the event loop.
    ///
    /// - Parameters:
    ///   - name: The subprotocol's name; nil for clients that ask for none that is spoken here.
    ///   - configuration: How the connections behave; nil for the route's.
    ///   - handler: Makes the handler of a connection, on its event loop; it is given what the accept step made.
    public static func events(
        _ name: String?, configuration: WebSocketConfiguration? = nil,
        handler: @escaping @Sendable (_ socket: WebSocketConnection, _ value: Value) -> any WebSocketHandler
    ) -> WebSocketSubprotocol {
        WebSocketSubprotocol(name: name, configuration: configuration, handling: .events(handler))
    }

    /// How messages are delivered on such a connection.
    func delivery(_ value: Value) -> WebSocketDelivery {
        switch self.handling {
        case .reading: .reader
        case .events(let make): .handler { make($0, value) }
        }
    }

    /// What reads the messages in a task, if that is how it is done.
    func reader(_ value: Value) -> (@Sendable (WebSocketConnection) async throws -> Void)? {
        guard case .reading(let body) = self.handling else { return nil }
        return { try await body($0, value) }
    }
}
