import RealtimeCore

private func allowed<Name>(_ make: () throws(RealtimeError) -> Name) -> Name {
    do {
        return try make()
    } catch {
        fatalError(error.description)
    }
}

extension MemberID {
    /// One for a test; the text has to be allowed.
    static func named(_ text: String) -> MemberID { allowed { () throws(RealtimeError) in try MemberID(text) } }
}

extension RoomName {
    /// One for a test; the text has to be allowed.
    static func named(_ text: String) -> RoomName { allowed { () throws(RealtimeError) in try RoomName(text) } }
}

extension MessageID {
    /// One for a test; the text has to be allowed.
    static func named(_ text: String) -> MessageID { allowed { () throws(RealtimeError) in try MessageID(text) } }
}

extension SessionID {
    /// One for a test.
    static func number(_ number: UInt64) -> SessionID { SessionID(high: number, low: number) }
}

extension Instant {
    /// So many seconds after the start.
    static func seconds(_ seconds: UInt64) -> Instant { Instant(nanoseconds: seconds * 1_000_000_000) }
}
