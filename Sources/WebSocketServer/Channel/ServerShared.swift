import NIOCore
import Synchronization
import WebSocketNIO

/// What all connections of one server share.
final class ServerShared: Sendable {
    let configuration: WebSocketServerConfiguration
    let admission: Admission
    let drain: Drain
    /// Makes spans of handshakes; nil where nobody traces.
    let tracing = HandshakeTracing()
    /// The connections that have no task of their own.
    let open = OpenConnections()
    private let hasConnections = Atomic(false)

    init(_ configuration: WebSocketServerConfiguration) {
        self.configuration = configuration
        self.admission = Admission(configuration.admission, proxies: configuration.trustedProxies)
        self.drain = Drain(configuration.drain)
    }

    /// Whether this is the first call.
    func isFirst() -> Bool {
        !self.hasConnections.exchange(true, ordering: .relaxed)
    }
}
