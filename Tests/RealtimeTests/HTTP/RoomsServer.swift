import HTTPTypes
import Hummingbird
import HummingbirdCore
import RealtimeCore
import TestSupport
import WebSocketServer

@testable import Realtime

/// A server with rooms, and what a test holds of it. Whoever asks is who `X-Member` says, and nobody without it.
struct RoomsServer: Sendable {
    let server: TestServer
    let hub: RealtimeHub
    let rooms: MemoryRooms
    let http: RoomsHTTP
    /// By which streams and long polls wait.
    let clock: ManualClock
    /// By which the hub measures time.
    let time: ManualTime
    /// Rooms that nobody reads any more.
    let released: Mailbox<RoomName>

    let chat: RoomName

    static func with(
        configuration: HubConfiguration = HubConfiguration(), origins: OriginPolicy = .sameOrigin,
        settings: RoomsHTTPSettings = RoomsHTTPSettings(), on builder: HTTPServerBuilder = .webSocket(),
        _ body: (RoomsServer) async throws -> Void
    ) async throws {
        let (time, clock, released) = (ManualTime(), ManualClock(), Mailbox<RoomName>())
        let rooms = MemoryRooms(
            settings: { configuration.policy($0).settings }, clock: time.instant, time: { 1000 })
        let hub = RealtimeHub(
            configuration: configuration, broker: TellingBroker(rooms, released), presence: rooms, clock: time.instant)
        var settings = settings
        settings.sleep = { try await clock.sleep(for: $0) }
        let http = RoomsHTTP(hub, origins: origins, settings: settings)
        let router = Router()
        router.rooms(http) { request, _ in
            guard let name = request.headers[.member] else { return .refused(.unauthorized, "who are you?") }
            return .known(Identity(member: try MemberID(name)))
        }
        try await TestServer.with(router, server: builder) { server in
            try await body(
                RoomsServer(
                    server: server, hub: hub, rooms: rooms, http: http, clock: clock, time: time, released: released,
                    chat: try RoomName("chat")))
        }
    }

    /// Asks on a connection of its own.
    func ask(
        _ method: String = "GET", _ path: String, _ fields: [String: String] = [:], body: String = "",
        as member: String? = "ann"
    ) async throws -> RawConnection.Answer {
        try await RawConnection.with(port: self.server.port) { connection in
            try await connection.ask(method, path, fields, body: body, as: member)
            var answer = RawConnection.Answer(head: try await connection.readHead(), body: "")
            let length = answer.values("Content-Length").first.flatMap { Int($0) } ?? 0
            answer.body = String(decoding: try await connection.read(method == "HEAD" ? 0 : length), as: UTF8.self)
            return answer
        }
    }

    /// Publishes by the hub, and says the position in the form of a query.
    @discardableResult
    func publish(_ data: String, key: String? = nil) async throws -> Position {
        try await self.hub.publish(Array(data.utf8), in: self.chat, key: try key.map { try MessageKey($0) })
    }

    /// The room's epoch.
    func epoch() async throws -> String {
        try await self.hub.read(self.chat, from: .latest(0)).position.epoch.text
    }
}

extension HTTPField.Name {
    static let member = HTTPField.Name("X-Member")!
}

extension RawConnection {
    /// Sends a request.
    func ask(
        _ method: String = "GET", _ path: String, _ fields: [String: String] = [:], body: String = "",
        as member: String? = "ann"
    ) async throws {
        var head = "\(method) \(path) HTTP/1.1\r\nHost: duplex.example\r\n"
        if let member { head += "X-Member: \(member)\r\n" }
        for (name, value) in fields { head += "\(name): \(value)\r\n" }
        if !body.isEmpty, fields["Transfer-Encoding"] == nil { head += "Content-Length: \(body.utf8.count)\r\n" }
        try await self.send(head + "\r\n" + body)
    }
}

/// A broker that tells when a room's messages are not wanted any more.
final class TellingBroker: Broker {
    private let rooms: MemoryRooms
    private let released: Mailbox<RoomName>

    init(_ rooms: MemoryRooms, _ released: Mailbox<RoomName>) {
        self.rooms = rooms
        self.released = released
    }

    func start(delivering receiver: any BrokerReceiver) { self.rooms.start(delivering: receiver) }

    func publish(
        _ message: NewMessage, in room: RoomName,
        _ answer: @escaping @Sendable (Result<PublishOutcome, BrokerError>) -> Void
    ) {
        self.rooms.publish(message, in: room, answer)
    }

    func read(
        _ room: RoomName, from start: ReadingStart, limit: Int, maxBytes: Int,
        _ answer: @escaping @Sendable (Result<Reading<Publication>, BrokerError>) -> Void
    ) {
        guard room.text != "broken" else { return answer(.failure(BrokerError("the room cannot be read now"))) }
        self.rooms.read(room, from: start, limit: limit, maxBytes: maxBytes, answer)
    }

    func subscribe(to room: RoomName, _ answer: @escaping @Sendable (Result<Void, BrokerError>) -> Void) {
        self.rooms.subscribe(to: room, answer)
    }

    func unsubscribe(from room: RoomName) {
        self.rooms.unsubscribe(from: room)
        self.released.post(room)
    }

    func expire() { self.rooms.expire() }
}
