import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Realtime
import RealtimeCore
import ServiceLifecycle

/// What `duplex serve` plays in rooms of its own, for the pages `/match`, `/locations` and `/ways`.
enum Scenes {
    /// The rooms, in which only the server publishes.
    static let match = "match"
    static let locations = "locations"
    static let ways = "ways"

    /// Everybody may do everything, but publish in the scenes' rooms.
    static func permissions(_ identity: Identity, _ action: RoomAction, _ room: RoomName) -> Permission {
        guard action == .publish, [Scenes.match, Scenes.locations, Scenes.ways].contains(room.text) else {
            return .allowed
        }
        return .forbidden("only the server publishes in \(room)")
    }

    /// What has to run.
    ///
    /// - Parameter seed: What makes it different each time.
    static func services(_ hub: RealtimeHub, seed: UInt64, logger: Logger) throws(RealtimeError) -> [any Service] {
        [
            ScenePlayer(
                hub: hub, room: try RoomName(Scenes.match), scene: MatchSimulation(seed: seed),
                clock: ContinuousClock(),
                logger: logger),
            ScenePlayer(
                hub: hub, room: try RoomName(Scenes.locations), scene: CourierSimulation(seed: seed),
                clock: ContinuousClock(), logger: logger),
            ScenePlayer(
                hub: hub, room: try RoomName(Scenes.ways), scene: FeedScene(), clock: ContinuousClock(), logger: logger),
        ]
    }

    /// Whether there are scenes, and the server's time, by which a page knows how late something comes:
    /// `{"scenes":true,"time":1764067200123}`, in milliseconds since 1970.
    static func about(isOn: Bool, time: Int64 = SystemTime.milliseconds()) -> Response {
        Response(
            status: .ok, headers: [.contentType: "application/json", .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: #"{"scenes":\#(isOn),"time":\#(time)}"#)))
    }

    /// The map on which the couriers are.
    static func map() -> Response {
        Response(
            status: .ok, headers: [.contentType: "application/json", .cacheControl: "no-cache"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: self.mapJSON)))
    }

    private static let mapJSON = StreetMap.town.json
}
