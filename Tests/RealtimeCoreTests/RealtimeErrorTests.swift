import RealtimeCore
import Testing

struct RealtimeErrorTests {
    @Test(
        arguments: [
            (.empty(.room), "invalid_room", "the room is empty"),
            (.tooLong(.member, size: 200, limit: 128), "invalid_member", "the member has 200 bytes, more than 128"),
            (.character(.messageKey, "\n"), "invalid_key", "the message key must not contain U+000A"),
            (.character(.room, "\u{1F3E0}"), "invalid_room", "the room must not contain U+1F3E0"),
            (.dots(.room), "invalid_room", "the room must not be '.' or '..'"),
            (.malformed(.position), "invalid_position", "a position is EPOCH:OFFSET"),
            (.messageTooBig(size: 9, limit: 8), "message_too_big", "message of 9 bytes, more than 8"),
            (.unknownSession, "unknown_session", "there is no such session, or it has expired"),
        ] as [(RealtimeError.Code, String, String)])
    func forProgramsAndPeople(code: RealtimeError.Code, name: String, description: String) {
        #expect(RealtimeError(code).name == name)
        #expect(RealtimeError(code).description == description)
    }

    /// Names go into JSON and metrics as they are.
    @Test func names() {
        let codes: [RealtimeError.Code] = [
            .malformed(.epoch), .malformed(.offset), .malformed(.session), .empty(.messageID), .otherBody,
            .presenceFull(limit: 1), .otherMember, .sessionExists, .otherSession, .tooManySessions(limit: 1),
            .tooManySessionsOfIdentity(limit: 1), .tooManyRooms(limit: 1), .noMoreRooms(limit: 1),
        ]
        for error in codes.map(RealtimeError.init) {
            #expect(error.name.allSatisfy { $0.isLowercase || $0 == "_" })
            #expect(!error.description.isEmpty)
        }
    }
}
