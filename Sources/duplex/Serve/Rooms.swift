import HTTPTypes
import Hummingbird
import Realtime
import RealtimeCore
import WebSocketServer

/// The rooms that `duplex serve` has, and who is in them: anybody, by the name that the client gives itself.
enum Rooms {
    /// Whose rooms keep only the newest message of each key for slow readers: positions that nobody needs any more.
    static let latestPrefix = "location"

    /// The rooms.
    static func makeHub() -> RealtimeHub {
        RealtimeHub(
            configuration: HubConfiguration(
                policy: { room in
                    RoomPolicy(slowReaders: room.text.hasPrefix(Rooms.latestPrefix) ? .latestPerKey : .catchUp)
                }, permissions: Scenes.permissions))
    }

    /// Who asks: `?as=NAME`, or a guest with a name of its own.
    static func identify(_ request: Request) -> IdentityDecision {
        guard let name = request.uri.queryParameters["as"] else {
            let guest = try? MemberID("guest-" + String(UInt32.random(in: .min ... .max), radix: 36))
            return guest.map { .known(Identity(member: $0)) } ?? .refused(.internalServerError, "no name")
        }
        do throws(RealtimeError) {
            return .known(Identity(member: try MemberID(name)))
        } catch {
            return .refused(.badRequest, "\(error)")
        }
    }
}
