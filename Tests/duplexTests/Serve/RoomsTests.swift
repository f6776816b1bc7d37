import NIOCore
import Realtime
import Testing

@testable import duplex

@Suite struct RoomsTests {
    private func guest(_ address: String?) throws -> Identity {
        let decision = Rooms.guest(from: try address.map { try SocketAddress(ipAddress: $0, port: 1) })
        guard case .known(let identity) = decision else { throw Refused() }
        return identity
    }

    private struct Refused: Error {}

    /// A guest is a new one at each request, but what it publishes again is known.
    @Test func guests() throws {
        let (first, second) = (try self.guest("192.0.2.1"), try self.guest("192.0.2.1"))
        #expect(first.member != second.member)
        #expect(first.scope == second.scope)
        #expect(try self.guest("192.0.2.2").scope != first.scope)
        #expect(try self.guest("2001:db8::1").scope != first.scope)
        #expect(try self.guest(nil).scope == self.guest(nil).scope)
    }
}
