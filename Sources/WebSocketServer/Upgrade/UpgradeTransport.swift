import HTTPTypes
import NIOCore
import NIOHTTPTypes
import WebSocketNIO

/// What an HTTP/1.1 connection, or a stream of HTTP/2, begins with.
enum ChannelBeginning: Sendable {
    /// Ordinary requests, for Hummingbird.
    case http(NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>)
    case upgrade(UpgradeAttempt)
    /// It ended before a request.
    case gone
}

/// What carries the outcome of an upgrade out: an HTTP/1.1 connection, or a stream of HTTP/2. All on its event loop.
protocol UpgradeTransport: AnyObject, Sendable {
    /// Answers that the upgrade is accepted, and makes the connection or stream a WebSocket.
    ///
    /// - Parameters:
    ///   - response: The answer.
    ///   - plan: What the route wants.
    ///   - attempt: The upgrade.
    /// - Throws: When the connection is gone.
    func accept(_ response: HTTPResponse, _ plan: UpgradeAttempt.Plan, _ attempt: UpgradeAttempt) throws
        -> WebSocketConnection

    /// Answers with a refusal, counts it, and ends the connection or stream. Does nothing when that is not possible any more.
    func refuse(_ refusal: Refusal)
}
