import RealtimeCore
import Testing

struct SessionsRoomsTests {
    private let lobby = RoomName.named("lobby")
    private let match = RoomName.named("match")
    private let epoch = Epoch(random: 7)

    private func position(_ offset: UInt64) -> Position { Position(epoch: self.epoch, offset: offset) }

    private func sessions(maxRooms: Int = 10) throws -> Sessions {
        var sessions = Sessions(limits: SessionLimits(maxRooms: maxRooms))
        _ = try sessions.open(.number(1), identity: .named("ann"), transport: ConnectionID(1))
        return sessions
    }

    @Test func positionsGoForward() throws {
        var sessions = try self.sessions()
        try sessions.join(self.lobby, at: self.position(5), .number(1))
        let forward = sessions.advance(self.lobby, to: self.position(6), .number(1))
        let same = sessions.advance(self.lobby, to: self.position(6), .number(1))
        let back = sessions.advance(self.lobby, to: self.position(4), .number(1))
        #expect(forward && !same && !back)
        #expect(sessions[.number(1)]?.rooms == [self.lobby: self.position(6)])
        let other = Position(epoch: Epoch(random: 8), offset: 1)
        let anew = sessions.advance(self.lobby, to: other, .number(1))
        #expect(anew)
        #expect(sessions[.number(1)]?.rooms == [self.lobby: other])
        // who joins again says where it is
        try sessions.join(self.lobby, at: self.position(2), .number(1))
        #expect(sessions[.number(1)]?.rooms == [self.lobby: self.position(2)])
    }

    @Test func roomsAreBounded() throws {
        var sessions = try self.sessions(maxRooms: 1)
        try sessions.join(self.lobby, at: self.position(1), .number(1))
        #expect(throws: RealtimeError(.tooManyRooms(limit: 1))) {
            try sessions.join(self.match, at: self.position(1), .number(1))
        }
        try sessions.join(self.lobby, at: self.position(2), .number(1))
        let left = sessions.leave(self.lobby, .number(1))
        #expect(left == self.position(2))
        try sessions.join(self.match, at: self.position(3), .number(1))
        #expect(sessions[.number(1)]?.rooms == [self.match: self.position(3)])
    }

    @Test func notThere() throws {
        var sessions = try self.sessions()
        #expect(throws: RealtimeError(.unknownSession)) {
            try sessions.join(self.lobby, at: self.position(1), .number(2))
        }
        let advanced = sessions.advance(self.lobby, to: self.position(1), .number(1))
        let unknown = sessions.advance(self.lobby, to: self.position(1), .number(2))
        #expect(!advanced && !unknown)
        let left = sessions.leave(self.lobby, .number(1))
        let leftUnknown = sessions.leave(self.lobby, .number(2))
        #expect(left == nil)
        #expect(leftUnknown == nil)
    }
}
