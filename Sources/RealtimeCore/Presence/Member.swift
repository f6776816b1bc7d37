/// Somebody who is in a room.
public struct Member<Info: Sendable & Equatable>: Sendable, Equatable {
    /// Who it is.
    public let id: MemberID
    /// What the room is told about the member: a name, a colour.
    public let info: Info

    /// Makes a member.
    public init(id: MemberID, info: Info) {
        self.id = id
        self.info = info
    }
}
