import RealtimeCore
import Synchronization
import Testing

@testable import Realtime

/// Keeps what a broker delivers.
final class Deliveries: BrokerReceiver {
    struct Delivery: Sendable, Equatable {
        var room: RoomName
        var position: Position
        var text: String
    }

    private let all = Mutex<[Delivery]>([])
    private let isBusy = Mutex<Set<RoomName>>([])
    let overlapped = Mutex(false)

    func delivered(_ message: RoomMessage<Publication>, at position: Position, in room: RoomName) {
        if !self.isBusy.withLock({ $0.insert(room).inserted }) { self.overlapped.withLock { $0 = true } }
        let text = String(decoding: message.body.data, as: UTF8.self)
        self.all.withLock { $0.append(Delivery(room: room, position: position, text: text)) }
        _ = self.isBusy.withLock { $0.remove(room) }
    }

    func of(_ room: RoomName) -> [Delivery] { self.all.withLock { $0.filter { $0.room == room } } }
}

/// What every broker has to do; see ``Broker``. Each check has a room of its own, so that it can run against a broker that others use.
struct BrokerSuite {
    let broker: any Broker
    let deliveries = Deliveries()

    init(_ broker: any Broker) {
        self.broker = broker
        broker.start(delivering: self.deliveries)
    }

    static func room(_ name: String = #function) throws -> RoomName {
        try RoomName(name.prefix { $0 != "(" } + "-\(UInt64.random(in: .min ... .max))")
    }

    func publish(
        _ text: String, in room: RoomName, key: String? = nil, id: String? = nil, author: String? = nil,
        idScope: String? = nil
    ) async throws -> PublishOutcome {
        let message = NewMessage(
            data: Array(text.utf8), key: try key.map { try MessageKey($0) }, id: try id.map { try MessageID($0) },
            author: try author.map { try MemberID($0) }, idScope: try idScope.map { try MemberID($0) })
        return try await withCheckedThrowingContinuation { done in
            self.broker.publish(message, in: room) { done.resume(with: $0) }
        }
    }

    func read(_ room: RoomName, _ start: ReadingStart, limit: Int = .max) async throws -> Reading<Publication> {
        try await withCheckedThrowingContinuation { done in
            self.broker.read(room, from: start, limit: limit, maxBytes: .max) { done.resume(with: $0) }
        }
    }

    func subscribe(_ room: RoomName) async throws {
        try await withCheckedThrowingContinuation { done in
            self.broker.subscribe(to: room) { done.resume(with: $0) }
        }
    }

    /// All of it.
    func check() async throws {
        try await self.nothingIsThere()
        try await self.storesAndDelivers()
        try await self.deliversNothingUnasked()
        try await self.repeats()
        try await self.keepsTheOrderOfMany()
    }

    func nothingIsThere() async throws {
        let room = try Self.room()
        let empty = try await self.read(room, .oldest)
        #expect(empty.messages.isEmpty && empty.recovered && !empty.hasMore)
        #expect(empty.position.offset == 0)
        // The position stays good.
        let again = try await self.read(room, .after(empty.position))
        #expect(again.recovered)
        guard case .stored(let first) = try await self.publish("1", in: room) else {
            Issue.record("the first message is not stored")
            return
        }
        #expect(first == Position(epoch: empty.position.epoch, offset: 1))
        let behind = try await self.read(room, .after(empty.position))
        #expect(behind.recovered && behind.messages.map(\.offset) == [1])
        self.broker.unsubscribe(from: try Self.room("never"))
    }

    func storesAndDelivers() async throws {
        let room = try Self.room()
        try await self.subscribe(room)
        var positions: [Position] = []
        for number in 0..<10 {
            guard case .stored(let position) = try await self.publish("\(number)", in: room, author: "ann") else {
                Issue.record("message \(number) is not stored")
                return
            }
            positions.append(position)
        }
        #expect(positions.map(\.offset) == Array(1...10))
        #expect(Set(positions.map(\.epoch)).count == 1)
        try await self.until { self.deliveries.of(room).count == 10 }
        #expect(self.deliveries.of(room).map(\.position) == positions)
        #expect(self.deliveries.of(room).map(\.text) == (0..<10).map { "\($0)" })
        let some = try await self.read(room, .after(positions[3]), limit: 3)
        #expect(some.messages.map(\.offset) == [5, 6, 7] && some.hasMore && some.position == positions[6])
        #expect(some.messages[0].body.author?.description == "ann")
        let newest = try await self.read(room, .latest(2))
        #expect(newest.messages.map { String(decoding: $0.body.data, as: UTF8.self) } == ["8", "9"])
        let future = try await self.read(room, .after(Position(epoch: positions[0].epoch, offset: 99)))
        #expect(!future.recovered)
        let other = try await self.read(room, .after(Position(epoch: Epoch(random: 7), offset: 3)))
        #expect(!other.recovered && other.messages.count == 10)
    }

    func deliversNothingUnasked() async throws {
        let (room, other) = (try Self.room(), try Self.room("other"))
        try await self.subscribe(other)
        _ = try await self.publish("unheard", in: room)
        _ = try await self.publish("heard", in: other)
        try await self.until { self.deliveries.of(other).count == 1 }
        #expect(self.deliveries.of(room) == [])
    }

    func repeats() async throws {
        let room = try Self.room()
        let first = try await self.publish("a", in: room, id: "1", author: "ann")
        guard case .stored(let position) = first else {
            Issue.record("not stored")
            return
        }
        #expect(try await self.publish("a", in: room, id: "1", author: "ann") == .repeated(position))
        // Somebody else's ids are their own.
        guard case .stored = try await self.publish("a", in: room, id: "1", author: "bob") else {
            Issue.record("another author's id counts")
            return
        }
        // Authors that share their ids.
        guard case .stored(let shared) = try await self.publish("c", in: room, id: "2", author: "ann", idScope: "all")
        else {
            Issue.record("refused")
            return
        }
        #expect(try await self.publish("c", in: room, id: "2", author: "bob", idScope: "all") == .repeated(shared))
        guard case .refused(let error) = try await self.publish("b", in: room, id: "1", author: "ann") else {
            Issue.record("an id for another message is taken")
            return
        }
        #expect(error.name == "id_reused")
        guard case .refused = try await self.publish("a", in: room, key: "k", id: "1", author: "ann") else {
            Issue.record("an id for a message with another key is taken")
            return
        }
        #expect(try await self.read(room, .oldest).messages.count == 3)
    }

    func keepsTheOrderOfMany() async throws {
        let room = try Self.room()
        try await self.subscribe(room)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for author in 0..<8 {
                group.addTask {
                    for number in 0..<50 { _ = try await self.publish("[\(author),\(number)]", in: room) }
                }
            }
            try await group.waitForAll()
        }
        try await self.until { self.deliveries.of(room).count == 400 }
        let delivered = self.deliveries.of(room)
        #expect(delivered.map(\.position.offset) == Array(1...400))
        let log = try await self.read(room, .oldest)
        #expect(log.messages.map { String(decoding: $0.body.data, as: UTF8.self) } == delivered.map(\.text))
        for author in 0..<8 {
            let mine = delivered.map(\.text).filter { $0.hasPrefix("[\(author),") }
            #expect(mine == (0..<50).map { "[\(author),\($0)]" })
        }
        #expect(self.deliveries.overlapped.withLock { !$0 })
    }

    /// Lets others run until it is so; the test's time limit is the deadline.
    private func until(_ condition: () -> Bool) async throws {
        while !condition() {
            try Task.checkCancellation()
            await Task.yield()
        }
    }
}
