import NIOCore
import Testing

@testable import WebSocketServer

struct AdmissionTests {
    private func address(_ text: String) throws -> SocketAddress { try SocketAddress(ipAddress: text, port: 1) }

    private func ticket(_ decision: Admission.Decision) throws -> Admission.Ticket {
        guard case .accept(let ticket) = decision else { throw Refused() }
        return ticket
    }

    private struct Refused: Error {}

    @Test func inTotal() throws {
        let admission = Admission(AdmissionLimits(maxConnections: 2))
        let first = try self.ticket(admission.connectionOpened(from: self.address("192.0.2.1")))
        _ = try self.ticket(admission.connectionOpened(from: nil))
        #expect(admission.connectionOpened(from: nil) == .refuse(.connections))
        admission.connectionClosed(first)
        #expect(admission.count == 1)
        _ = try self.ticket(admission.connectionOpened(from: self.address("192.0.2.2")))
    }

    /// IPv6 counts by /64; what is exempt does not count; and nothing is kept of those that are gone.
    @Test func perAddress() throws {
        let admission = Admission(AdmissionLimits(maxConnections: 100, maxConnectionsPerAddress: 1))
        let first = try self.ticket(admission.connectionOpened(from: self.address("2001:db8::1")))
        #expect(admission.connectionOpened(from: try self.address("2001:db8::2")) == .refuse(.connectionsPerAddress))
        let other = try self.ticket(admission.connectionOpened(from: self.address("2001:db8:0:1::1")))
        let v4 = try self.ticket(admission.connectionOpened(from: self.address("192.0.2.1")))
        #expect(
            admission.connectionOpened(from: try self.address("::ffff:192.0.2.1")) == .refuse(.connectionsPerAddress))
        for _ in 0..<3 {
            _ = try self.ticket(admission.connectionOpened(from: self.address("127.0.0.1")))
            _ = try self.ticket(admission.connectionOpened(from: nil))
        }
        #expect(admission.count == 9)
        for ticket in [first, other, v4] { admission.connectionClosed(ticket) }
        #expect(admission.count == 6)
        #expect(admission.addresses == 0)
        _ = try self.ticket(admission.connectionOpened(from: self.address("192.0.2.1")))
    }

    /// One that was refused takes no place.
    @Test func refusedTakesNoPlace() throws {
        let admission = Admission(AdmissionLimits(maxConnections: 3, maxConnectionsPerAddress: 1))
        _ = try self.ticket(admission.connectionOpened(from: self.address("192.0.2.1")))
        for _ in 0..<5 { _ = admission.connectionOpened(from: try self.address("192.0.2.1")) }
        #expect(admission.count == 1)
    }

    @Test func handshakes() {
        let admission = Admission(AdmissionLimits(maxConnections: 1, handshakesPerSecond: 10))
        let second: UInt64 = 1_000_000_000
        func accepted(_ now: UInt64) -> Int {
            (0..<30).count { _ in admission.handshake(from: nil, now: now) != .refuse(.handshakesPerSecond) }
        }
        #expect(accepted(5 * second) == 20)
        #expect(accepted(6 * second) == 10)
        let free = Admission(AdmissionLimits(maxConnections: 1, handshakesPerSecond: nil))
        #expect((0..<100_000).allSatisfy { _ in free.handshake(from: nil, now: 0) != .refuse(.handshakesPerSecond) })
    }

    /// WebSockets count for themselves, not as connections, and those that are gone leave nothing.
    @Test func webSocketsPerAddress() throws {
        let admission = Admission(AdmissionLimits(maxConnections: 1, maxWebSocketsPerAddress: 2))
        let one = try self.address("192.0.2.1")
        let first = try self.ticket(admission.handshake(from: one, now: 0))
        let second = try self.ticket(admission.handshake(from: one, now: 0))
        #expect(first.isCounted)
        #expect(admission.handshake(from: one, now: 0) == .refuse(.webSocketsPerAddress))
        let other = try self.ticket(admission.handshake(from: self.address("192.0.2.2"), now: 0))
        admission.webSocketClosed(first)
        let third = try self.ticket(admission.handshake(from: one, now: 0))
        #expect(admission.handshake(from: one, now: 0) == .refuse(.webSocketsPerAddress))
        for _ in 0..<5 {
            #expect(try !self.ticket(admission.handshake(from: self.address("127.0.0.1"), now: 0)).isCounted)
        }
        #expect(admission.count == 0)
        for ticket in [second, other, third] { admission.webSocketClosed(ticket) }
        #expect(admission.addresses == 0)
    }

    /// What the rate refuses takes no place, and what an address has too many of takes nothing of the rate.
    @Test func refusedHandshakesTakeNoPlace() throws {
        let admission = Admission(
            AdmissionLimits(maxConnections: 1, maxWebSocketsPerAddress: 1, handshakesPerSecond: 1))
        let one = try self.address("192.0.2.1")
        let first = try self.ticket(admission.handshake(from: one, now: 0))
        for _ in 0..<5 { #expect(admission.handshake(from: one, now: 0) == .refuse(.webSocketsPerAddress)) }
        let second = try self.ticket(admission.handshake(from: self.address("192.0.2.2"), now: 0))
        #expect(admission.handshake(from: try self.address("192.0.2.3"), now: 0) == .refuse(.handshakesPerSecond))
        for ticket in [first, second] { admission.webSocketClosed(ticket) }
        #expect(admission.addresses == 0)
    }

    /// Proxies speak for many.
    @Test func proxiesAreExempt() throws {
        let limits = AdmissionLimits(maxConnections: 9, maxConnectionsPerAddress: 1, maxWebSocketsPerAddress: 1)
        let admission = Admission(limits, proxies: [try AddressRange(parsing: "10.0.0.0/8")])
        for _ in 0..<3 {
            #expect(try !self.ticket(admission.connectionOpened(from: self.address("10.0.0.1"))).isCounted)
            #expect(try !self.ticket(admission.handshake(from: self.address("10.0.0.1"), now: 0)).isCounted)
        }
        _ = try self.ticket(admission.connectionOpened(from: self.address("192.0.2.1")))
        #expect(admission.connectionOpened(from: try self.address("192.0.2.1")) == .refuse(.connectionsPerAddress))
    }

    @Test func defaults() {
        let limits = AdmissionLimits()
        #expect(limits.maxConnections == AdmissionLimits.descriptors)
        #expect(limits.maxConnections > 0)
        #expect(limits.maxConnectionsPerAddress == 1024)
        #expect(limits.maxWebSocketsPerAddress == 1024)
        #expect(limits.exemptAddresses.map(\.description) == ["127.0.0.0/8", "::1", "unix:"])
        #expect(limits.handshakesPerSecond == 10_000)
    }
}
