import NIOCore
import Synchronization
import WebSocketNIO

/// Counts the connections of a server, and says which are let in. Any thread; a lock for each connection, not for each frame.
final class Admission: Sendable {
    /// Why one is not let in; its name in metrics.
    enum Refusal: String, Sendable, CaseIterable {
        case connections
        case connectionsPerAddress = "connections_per_address"
        case handshakesPerSecond = "handshakes_per_second"
        case webSocketsPerAddress = "websockets_per_address"
    }

    /// What is said about a connection, or a handshake.
    enum Decision: Sendable, Hashable {
        /// It is in; when it ends, this has to be given back.
        case accept(Ticket)
        case refuse(Refusal)
    }

    /// A connection's place, or a WebSocket's.
    struct Ticket: Sendable, Hashable {
        /// Whose it is, where that is counted.
        fileprivate var address: [UInt8]?

        /// Whether it is counted for an address.
        var isCounted: Bool { self.address != nil }
    }

    /// What is counted.
    private struct State: ~Copyable {
        var count = 0
        /// Connections of each address, and WebSockets; only those that have some.
        var counts: [[UInt8]: Int] = [:]
        var webSockets: [[UInt8]: Int] = [:]
        var handshakes: TokenBucket?
    }

    private let limits: AdmissionLimits
    private let exemptAddresses: [AddressRange]
    private let state: Mutex<State>

    /// Makes a count.
    ///
    /// - Parameters:
    ///   - limits: How many are let in.
    ///   - proxies: Those that speak for many, and are exempt, too.
    init(_ limits: AdmissionLimits, proxies: [AddressRange] = []) {
        self.limits = limits
        self.exemptAddresses = limits.exemptAddresses + proxies
        self.state = Mutex(
            State(
                handshakes: limits.handshakesPerSecond.map {
                    TokenBucket(rate: Double($0), burst: Double($0) * 2)
                }))
    }

    /// How many connections there are.
    var count: Int { self.state.withLock { $0.count } }
    /// How many addresses are counted.
    var addresses: Int { self.state.withLock { $0.counts.count + $0.webSockets.count } }

    /// A connection has come.
    ///
    /// - Parameter address: The client's; nil for a Unix socket.
    func connectionOpened(from address: SocketAddress?) -> Decision {
        let key = self.key(address, self.limits.maxConnectionsPerAddress)
        return self.state.withLock { state in
            guard state.count < self.limits.maxConnections else { return .refuse(.connections) }
            guard Admission.add(key, to: &state.counts, self.limits.maxConnectionsPerAddress) else {
                return .refuse(.connectionsPerAddress)
            }
            state.count += 1
            return .accept(Ticket(address: key))
        }
    }

    /// It has ended.
    func connectionClosed(_ ticket: Ticket) {
        self.state.withLock { state in
            state.count -= 1
            Admission.remove(ticket.address, from: &state.counts)
        }
    }

    /// A handshake has come. It counts as a WebSocket from now on: those that are being decided take as much.
    ///
    /// - Parameters:
    ///   - address: The client's, as a trusted proxy tells it; nil for a Unix socket.
    ///   - now: The time in nanoseconds.
    func handshake(from address: SocketAddress?, now: UInt64) -> Decision {
        let key = self.key(address, self.limits.maxWebSocketsPerAddress)
        return self.state.withLock { state in
            // First: what one address asks in vain is not taken from the others' rate.
            guard Admission.add(key, to: &state.webSockets, self.limits.maxWebSocketsPerAddress) else {
                return .refuse(.webSocketsPerAddress)
            }
            guard state.handshakes?.take(now: now) ?? true else {
                Admission.remove(key, from: &state.webSockets)
                return .refuse(.handshakesPerSecond)
            }
            return .accept(Ticket(address: key))
        }
    }

    /// The WebSocket has ended, or did not come about. Only for tickets that are counted.
    func webSocketClosed(_ ticket: Ticket) {
        self.state.withLock { Admission.remove(ticket.address, from: &$0.webSockets) }
    }

    /// Counts one more, if there may be one.
    private static func add(_ key: [UInt8]?, to counts: inout [[UInt8]: Int], _ most: Int?) -> Bool {
        guard let key, let most else { return true }
        guard counts[key, default: 0] < most else { return false }
        counts[key, default: 0] += 1
        return true
    }

    private static func remove(_ key: [UInt8]?, from counts: inout [[UInt8]: Int]) {
        guard let key, let count = counts[key] else { return }
        counts[key] = count == 1 ? nil : count - 1
    }

    /// What an address counts as; nil when there is no limit, or it is exempt.
    private func key(_ address: SocketAddress?, _ most: Int?) -> [UInt8]? {
        guard most != nil, !self.exemptAddresses.contains(address) else { return nil }
        let bytes = address?.addressBytes ?? []
        return bytes.count == 16 ? Array(bytes[..<8]) : bytes
    }
}
