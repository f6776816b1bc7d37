import RealtimeCore
import Testing

@testable import Realtime

@Suite("Errors of the protocol")
struct WireErrorTests {
    /// The table of the protocol.
    @Test func statuses() {
        let table: [(Int, [String])] = [
            (
                400,
                [
                    "invalid_request", "invalid_room", "invalid_position", "invalid_key", "invalid_id",
                    "invalid_member",
                    "invalid_session",
                ]
            ), (401, ["unauthorized"]), (403, ["forbidden"]), (404, ["not_found"]), (409, ["not_joined", "id_reused"]),
            (413, ["message_too_big"]), (415, ["unsupported_media_type"]), (429, ["rate_limited"]),
            (503, ["room_full", "too_many_rooms", "too_many_sessions", "unavailable"]),
        ]
        for (status, codes) in table {
            for code in codes {
                #expect(WireError.Code(rawValue: code)?.status == status, "\(code)")
                #expect(WireError.Code(rawValue: code)?.hasRetryAfter == (status == 429 || status == 503))
            }
        }
        #expect(WireError.Code.allCases.count == table.reduce(0) { $0 + $1.1.count })
    }

    @Test func whatRoomsAndSessionsSay() {
        let named: [(RealtimeError.Code, WireError.Code)] = [
            (.empty(.room), .invalidRoom), (.malformed(.offset), .invalidPosition),
            (.malformed(.epoch), .invalidPosition),
            (.empty(.messageID), .invalidID), (.empty(.messageKey), .invalidKey), (.empty(.member), .invalidMember),
            (.malformed(.session), .invalidSession), (.messageTooBig(size: 2, limit: 1), .messageTooBig),
            (.otherBody, .idReused), (.presenceFull(limit: 1), .roomFull),
            (.tooManySessions(limit: 1), .tooManySessions),
            (.tooManySessionsOfIdentity(limit: 1), .tooManySessions), (.tooManyRooms(limit: 1), .tooManyRooms),
            (.unknownSession, .invalidSession), (.otherSession, .invalidSession), (.otherMember, .invalidSession),
        ]
        for (code, expected) in named {
            let error = WireError(RealtimeError(code), id: 5)
            #expect(error.code == expected)
            #expect(error.message == RealtimeError(code).description)
            #expect(error.id == 5)
        }
    }
}
