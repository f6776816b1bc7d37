import Hummingbird
import RealtimeCore

extension RoomsHTTP {
    /// `GET /rooms/{room}/members`
    func members(_ call: Call) async throws -> Response {
        try self.allow(.presence, call)
        let (members, count) = try await self.hub.members(of: call.room)
        return RoomsHTTP.json(HTTPAnswer.members(room: call.room, count: count, members.map(\.wire)))
    }
}
