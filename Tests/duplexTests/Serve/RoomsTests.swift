import HTTPTypes
import Hummingbird
import NIOCore
import Realtime
import RealtimeCore
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

    /// Nobody takes the guests' ids and rates by calling himself so.
    @Test func guestsNameIsTaken() throws {
        let scope = try self.guest("192.0.2.1").scope
        #expect(scope.text.hasPrefix(Rooms.guests))
        for (name, isRefused) in [(scope.text, true), ("ann", false)] {
            let path = "/rooms?as=" + name.replacing(" ", with: "%20")
            let request = Request(
                head: HTTPRequest(method: .get, scheme: nil, authority: nil, path: path),
                body: RequestBody(buffer: .init()))
            switch Rooms.identify(request) {
            case .known(let identity): #expect(!isRefused && identity.member.text == name)
            case .refused(let status, _): #expect(isRefused && status == .badRequest)
            }
        }
    }
}
