import HTTPTypes
import Hummingbird
import NIOCore
import Realtime
import RealtimeCore
import WebSocketServer

/// The rooms that `duplex serve` has, and who is in them: anybody, by the name that the client gives itself.
enum Rooms {
    /// Whose rooms keep only the newest message of each key for slow readers: positions that nobody needs any more.
    static let latestPrefix = "location"

    /// The rooms.
    static func makeHub(_ settings: Settings = .standard) -> RealtimeHub {
        func rate(_ number: Int) -> Double? { number > 0 ? Double(number) : nil }
        let roomRate = rate(settings.roomPublishesPerSecond)
        return RealtimeHub(
            configuration: HubConfiguration(
                policy: { room in
                    RoomPolicy(
                        slowReaders: room.text.hasPrefix(Rooms.latestPrefix) ? .latestPerKey : .catchUp,
                        publishRate: roomRate)
                }, permissions: Scenes.permissions,
                memory: MemoryLimits(maxRooms: settings.maxRooms, maxBytes: settings.roomsMemory),
                publishRate: rate(settings.publishesPerSecond)))
    }

    /// How the name begins that the guests of an address share. Nobody can have such a one.
    static let guests = "guests at "

    /// A guest with a name of its own, which is new for each request: what it publishes again is known by its address.
    static func guest(from address: SocketAddress?) -> IdentityDecision {
        let guest = try? MemberID("guest-" + String(UInt64.random(in: .min ... .max), radix: 36))
        let scope = try? MemberID(Rooms.guests + (address?.ipAddress ?? "a Unix socket"))
        return guest.map { .known(Identity(member: $0, scope: scope)) } ?? .refused(.internalServerError, "no name")
    }

    /// Who asks: `?as=NAME`, or a guest.
    static func identify(_ request: Request) -> IdentityDecision {
        guard let name = request.uri.queryParameters["as"] else {
            return Rooms.guest(from: Peer.current?.address)
        }
        guard !name.hasPrefix(Rooms.guests) else { return .refused(.badRequest, "names like this are for guests") }
        do throws(RealtimeError) {
            return .known(Identity(member: try MemberID(name)))
        } catch {
            return .refused(.badRequest, "\(error)")
        }
    }
}
