/// What was asked of a room, a session or a name, and cannot be.
public struct RealtimeError: Error, Hashable, Sendable {
    /// The texts that come from outside.
    package enum Subject: String, Hashable, Sendable {
        case room, member, session
        case messageID = "message id"
        case messageKey = "message key"
        case epoch, offset, position
    }

    package enum Code: Hashable, Sendable {
        case empty(Subject)
        case tooLong(Subject, size: Int, limit: Int)
        case character(Subject, Unicode.Scalar)
        case dots(Subject)
        case malformed(Subject)
        case messageTooBig(size: Int, limit: Int)
        case otherBody
        case presenceFull(limit: Int)
        case otherMember
        case unknownSession
        case sessionExists
        case otherSession
        case tooManySessions(limit: Int)
        case tooManySessionsOfIdentity(limit: Int)
        case tooManyRooms(limit: Int)
        case noMoreRooms(limit: Int)
    }

    package let code: Code

    package init(_ code: Code) {
        self.code = code
    }

    /// A word for programs, the same in every version: `invalid_room`, `message_too_big`, and so on. Protocols send it.
    public var name: String {
        switch self.code {
        case .empty(let subject), .tooLong(let subject, _, _), .character(let subject, _), .dots(let subject),
            .malformed(let subject):
            switch subject {
            case .room: "invalid_room"
            case .member: "invalid_member"
            case .session: "invalid_session"
            case .messageID: "invalid_id"
            case .messageKey: "invalid_key"
            case .epoch, .offset, .position: "invalid_position"
            }
        case .messageTooBig: "message_too_big"
        case .otherBody: "id_reused"
        case .presenceFull: "room_full"
        case .otherMember, .otherSession: "connection_in_use"
        case .unknownSession: "unknown_session"
        case .sessionExists: "session_exists"
        case .tooManySessions, .tooManySessionsOfIdentity: "too_many_sessions"
        case .tooManyRooms, .noMoreRooms: "too_many_rooms"
        }
    }
}

extension RealtimeError: CustomStringConvertible {
    /// One line for people: what was wrong, and what is allowed. Nothing that came from outside is repeated in it.
    public var description: String {
        switch self.code {
        case .empty(let subject): "the \(subject.rawValue) is empty"
        case .tooLong(let subject, let size, let limit):
            "the \(subject.rawValue) has \(size) bytes, more than \(limit)"
        case .character(let subject, let scalar):
            "the \(subject.rawValue) must not contain U+\(Self.hex(scalar))"
        case .dots(let subject): "the \(subject.rawValue) must not be '.' or '..'"
        case .malformed(let subject):
            switch subject {
            case .position: "a position is EPOCH:OFFSET"
            case .offset: "an offset is a decimal number below 2^64, without a sign or leading zeros"
            case .epoch: "an epoch is as the server has given it, up to \(Epoch.maxLength) letters and digits"
            case .session: "a session is as the server has given it, \(SessionID.length) hexadecimal digits"
            default: "that is no \(subject.rawValue)"
            }
        case .messageTooBig(let size, let limit): "message of \(size) bytes, more than \(limit)"
        case .otherBody: "the message id has been used for another message"
        case .presenceFull(let limit): "the room has \(limit) members, and takes no more"
        case .otherMember: "the connection is there for another member"
        case .unknownSession: "there is no such session, or it has expired"
        case .sessionExists: "there is such a session already"
        case .otherSession: "the connection carries another session"
        case .tooManySessions(let limit): "there are \(limit) sessions, and no more are taken"
        case .tooManySessionsOfIdentity(let limit): "there are \(limit) open sessions of the same identity"
        case .noMoreRooms(let limit): "there are \(limit) rooms that are in use, and no more are taken"
        case .tooManyRooms(let limit): "the session is in \(limit) rooms, and cannot join more"
        }
    }

    private static func hex(_ scalar: Unicode.Scalar) -> String {
        let text = String(scalar.value, radix: 16, uppercase: true)
        return String(repeating: "0", count: max(0, 4 - text.count)) + text
    }
}
