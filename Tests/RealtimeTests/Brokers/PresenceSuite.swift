import RealtimeCore
import Synchronization
import Testing

@testable import Realtime

/// Keeps what a presence store tells.
final class Changes: PresenceReceiver {
    private let all = Mutex<[(RoomName, String)]>([])

    func changed(_ change: PresenceChange<MemberInfo>, in room: RoomName) {
        let text =
            switch change {
            case .joined(let member): "+\(member.id)"
            case .updated(let member): "~\(member.id) \(String(decoding: member.info.json, as: UTF8.self))"
            case .left(let member): "-\(member.id)"
            }
        self.all.withLock { $0.append((room, text)) }
    }

    func of(_ room: RoomName) -> [String] { self.all.withLock { $0.filter { $0.0 == room }.map(\.1) } }
}

/// What every presence store has to do; see ``PresenceStore``.
struct PresenceSuite {
    let store: any PresenceStore
    let changes = Changes()
    /// Lets the grace of a member that is away pass.
    let passGrace: @Sendable () async -> Void

    init(_ store: any PresenceStore, passGrace: @escaping @Sendable () async -> Void) {
        self.store = store
        self.passGrace = passGrace
        store.start(telling: self.changes)
    }

    private func join(_ room: RoomName, _ member: String, _ info: String = "{}", _ connection: UInt64) async throws {
        let id = try MemberID(member)
        try await withCheckedThrowingContinuation { (done: CheckedContinuation<Void, any Error>) in
            self.store.join(
                room, id, info: MemberInfo(json: Array(info.utf8)), connection: ConnectionID(connection)
            ) { done.resume(with: $0.mapError { $0 }) }
        }
    }

    private func members(_ room: RoomName, limit: Int = 100) async throws -> (ids: [String], count: Int) {
        try await withCheckedThrowingContinuation { done in
            self.store.members(of: room, limit: limit) {
                done.resume(with: $0.map { ($0.members.map(\.id.description), $0.count) })
            }
        }
    }

    func check() async throws {
        let room = try BrokerSuite.room("presence")
        #expect(try await self.members(room).count == 0)
        self.store.leave(room, connection: ConnectionID(1))
        try await self.join(room, "ann", "{}", 1)
        try await self.join(room, "ann", "{}", 2)
        try await self.join(room, "bob", "{}", 3)
        #expect(self.changes.of(room) == ["+ann", "+bob"])
        try await self.join(room, "bob", #"{"typing":true}"#, 3)
        #expect(self.changes.of(room).last == #"~bob {"typing":true}"#)
        #expect(try await self.members(room).ids == ["ann", "bob"])
        let one = try await self.members(room, limit: 1)
        #expect(one.ids == ["ann"] && one.count == 2)
        // One of two connections, and back within the grace: nobody notices.
        self.store.leave(room, connection: ConnectionID(1))
        self.store.leave(room, connection: ConnectionID(2))
        try await self.join(room, "ann", "{}", 4)
        await self.passGrace()
        #expect(self.changes.of(room).count == 3)
        self.store.leave(room, connection: ConnectionID(4))
        await self.passGrace()
        await self.passGrace()
        #expect(self.changes.of(room).filter { $0 == "-ann" }.count == 1)
        self.store.remove(try MemberID("bob"), from: room)
        #expect(self.changes.of(room).last == "-bob")
        self.store.leave(room, connection: ConnectionID(3))
        await self.passGrace()
        #expect(self.changes.of(room).filter { $0 == "-bob" }.count == 1)
        #expect(try await self.members(room).count == 0)
        try await self.join(room, "ann", "{}", 9)
        var refusal: RealtimeError?
        do { try await self.join(room, "bob", "{}", 9) } catch { refusal = error as? RealtimeError }
        #expect(refusal?.name == "connection_in_use")
    }
}
