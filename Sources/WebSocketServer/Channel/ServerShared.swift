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
    private let hasBegunDraining = Atomic(false)

    init(_ configuration: WebSocketServerConfiguration) {
        self.configuration = configuration
        self.admission = Admission(configuration.admission, proxies: configuration.trustedProxies)
        self.drain = Drain(configuration.drain)
    }

    /// Whether this is the first call.
    func isFirst() -> Bool {
        !self.hasConnections.exchange(true, ordering: .relaxed)
    }

    /// Whether the server shuts down: no WebSocket begins any more. It is set before the connections are told, so that each one is
    /// either refused or told.
    var isDraining: Bool { self.hasBegunDraining.load(ordering: .acquiring) }

    func beginDraining() { self.hasBegunDraining.store(true, ordering: .releasing) }
}
