package import RealtimeCore

/// What the protocol's other side is told instead of an answer.
package struct WireError: Error, Hashable, Sendable {
    /// The protocol's words for it.
    package enum Code: String, CaseIterable, Hashable, Sendable {
        case invalidRequest = "invalid_request"
        case invalidRoom = "invalid_room"
        case invalidPosition = "invalid_position"
        case invalidKey = "invalid_key"
        case invalidID = "invalid_id"
        case invalidMember = "invalid_member"
        case invalidSession = "invalid_session"
        case unauthorized
        case forbidden
        case notFound = "not_found"
        case notJoined = "not_joined"
        case idReused = "id_reused"
        case messageTooBig = "message_too_big"
        case unsupportedMediaType = "unsupported_media_type"
        case rateLimited = "rate_limited"
        case roomFull = "room_full"
        case tooManyRooms = "too_many_rooms"
        case tooManySessions = "too_many_sessions"
        case unavailable

        /// The status of the answer over HTTP.
        package var status: Int {
            switch self {
            case .invalidRequest, .invalidRoom, .invalidPosition, .invalidKey, .invalidID, .invalidMember,
                .invalidSession:
                400
            case .unauthorized: 401
            case .forbidden: 403
            case .notFound: 404
            case .notJoined, .idReused: 409
            case .messageTooBig: 413
            case .unsupportedMediaType: 415
            case .rateLimited: 429
            case .roomFull, .tooManyRooms, .tooManySessions, .unavailable: 503
            }
        }

        /// Whether the answer over HTTP says when to come again, in `Retry-After`.
        package var hasRetryAfter: Bool { self.status == 429 || self.status == 503 }
    }

    package let code: Code
    /// One line for people.
    package let message: String
    /// The request's `id`, if there was one and it could be read.
    package let id: UInt64?

    package init(_ code: Code, _ message: String, id: UInt64? = nil) {
        self.code = code
        self.message = message
        self.id = id
    }

    /// What a broker says: its own reason, or that it cannot answer now.
    package init(_ error: BrokerError, id: UInt64? = nil) {
        if let refusal = error.refusal {
            self.init(refusal, id: id)
        } else {
            self.init(.unavailable, error.description, id: id)
        }
    }

    /// What a room, a session or a name says. A session that is unknown or used otherwise is `invalid_session`: the protocol
    /// has no other word for it, and the client can only ask for a new one.
    package init(_ error: RealtimeError, id: UInt64? = nil) {
        self.init(Code(rawValue: error.name) ?? .invalidSession, error.description, id: id)
    }
}
