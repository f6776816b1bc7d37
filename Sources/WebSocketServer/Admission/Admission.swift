import NIOCore
import Synchronization
import WebSocketNIO

/// Counts the connections of a server, and says which are let in. Any thread; a lock for each connection, not for each frame.
final class Admission: Sendable {
    /// Why one is not let in; its name in metrics.
    enum Refusal: String, Sendable, CaseIterable {
        case connections
        case connectionsPerAddress = "connections_per_address"
    }

    /// What is said about a connection.
    enum Decision: Sendable, Hashable {
        /// It is in; when it ends, this has to be given back.
        case accept(Ticket)
        case refuse(Refusal)
    }

    /// A connection's place.
    struct Ticket: Sendable, Hashable {
        /// Whose it is, where that is counted.
        fileprivate var address: [UInt8]?
    }

    /// What is counted.
    private struct State: ~Copyable {
        var count = 0
        /// Connections of each address; only those that have some.
        var counts: [[UInt8]: Int] = [:]
        var handshakes: TokenBucket?
    }

    private let limits: AdmissionLimits
    private let state: Mutex<State>

    init(_ limits: AdmissionLimits) {
        self.limits = limits
        self.state = Mutex(
            State(
                handshakes: limits.handshakesPerSecond.map {
                    TokenBucket(rate: Double($0), burst: Double($0) * 2)
                }))
    }

    /// How many connections there are.
    var count: Int { self.state.withLock { $0.count } }
    /// How many addresses are counted.
    var addresses: Int { self.state.withLock { $0.counts.count } }

    /// A connection has come.
    ///
    /// - Parameter address: The client's; nil for a Unix socket.
    func connectionOpened(from address: SocketAddress?) -> Decision {
        let key = self.limits.maxConnectionsPerAddress == nil ? nil : self.key(address)
        return self.state.withLock { state in
            guard state.count < self.limits.maxConnections else { return .refuse(.connections) }
            if let key, let most = self.limits.maxConnectionsPerAddress {
                guard state.counts[key, default: 0] < most else { return .refuse(.connectionsPerAddress) }
                state.counts[key, default: 0] += 1
            }
            state.count += 1
            return .accept(Ticket(address: key))
        }
    }

    /// It has ended.
    func connectionClosed(_ ticket: Ticket) {
        self.state.withLock { state in
            state.count -= 1
            guard let key = ticket.address, let count = state.counts[key] else { return }
            state.counts[key] = count == 1 ? nil : count - 1
        }
    }

    /// A handshake has come.
    ///
    /// - Parameter now: The time in nanoseconds.
    /// - Returns: Whether it may go on.
    func handshake(now: UInt64) -> Bool {
        self.state.withLock { $0.handshakes?.take(now: now) ?? true }
    }

    /// What an address counts as; nil when it is exempt.
    private func key(_ address: SocketAddress?) -> [UInt8]? {
        guard !self.limits.exemptAddresses.contains(address) else { return nil }
        let bytes = address?.addressBytes ?? []
        return bytes.count == 16 ? Array(bytes[..<8]) : bytes
    }
}
