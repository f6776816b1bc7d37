import NIOCore
import WebSocketNIO

/// What all connections of one server share.
final class ServerShared: Sendable {
    let configuration: WebSocketServerConfiguration
    let admission: Admission
    let drain: Drain
    /// The connections that have no task of their own.
    let open = OpenConnections()

    init(_ configuration: WebSocketServerConfiguration) {
        self.configuration = configuration
        self.admission = Admission(configuration.admission)
        self.drain = Drain(configuration.drain)
    }
}
