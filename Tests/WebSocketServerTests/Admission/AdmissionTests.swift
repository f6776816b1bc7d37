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
        #expect((0..<30).count { _ in admission.handshake(now: 5 * second) } == 20)
        #expect((0..<30).count { _ in admission.handshake(now: 6 * second) } == 10)
        let free = Admission(AdmissionLimits(maxConnections: 1, handshakesPerSecond: nil))
        #expect((0..<100_000).allSatisfy { _ in free.handshake(now: 0) })
    }

    @Test func defaults() {
        let limits = AdmissionLimits()
        #expect(limits.maxConnections == AdmissionLimits.descriptors)
        #expect(limits.maxConnections > 0)
        #expect(limits.maxConnectionsPerAddress == 1024)
        #expect(limits.handshakesPerSecond == 10_000)
    }
}
