/// Where the members are that the protocol names, in one object of it. Others are ignored.
///
/// One that stands twice is refused: parsers do not agree on which one counts, and what a proxy has looked at must be what
/// is done.
struct RequestMembers {
    var type: JSONValue?
    var id: JSONValue?
    var room: JSONValue?
    var after: JSONValue?
    var epoch: JSONValue?
    var history: JSONValue?
    var presence: JSONValue?
    var info: JSONValue?
    var data: JSONValue?
    var messageID: JSONValue?
    var key: JSONValue?

    /// Goes through the object, and checks all of it.
    ///
    /// - Throws: ``WireError`` of the code `invalid_request`, without an id: in what is no JSON none can be relied on.
    init(_ bytes: Span<UInt8>) throws(WireError) {
        do throws(JSONError) {
            var scanner = JSONScanner()
            try scanner.beginObject(in: bytes)
            while let member = try scanner.nextMember(in: bytes) { try self.take(member, in: bytes) }
        } catch {
            throw WireError(.invalidRequest, error.description)
        }
    }

    private mutating func take(_ member: JSONMember, in bytes: Span<UInt8>) throws(JSONError) {
        // by its length and a letter or two, a name is soon told from the others
        let name = member.name
        if name.isString("type", in: bytes) {
            try RequestMembers.put(member, into: &self.type)
        } else if name.isString("id", in: bytes) {
            try RequestMembers.put(member, into: &self.id)
        } else if name.isString("room", in: bytes) {
            try RequestMembers.put(member, into: &self.room)
        } else if name.isString("data", in: bytes) {
            try RequestMembers.put(member, into: &self.data)
        } else if name.isString("messageId", in: bytes) {
            try RequestMembers.put(member, into: &self.messageID)
        } else if name.isString("key", in: bytes) {
            try RequestMembers.put(member, into: &self.key)
        } else if name.isString("after", in: bytes) {
            try RequestMembers.put(member, into: &self.after)
        } else if name.isString("epoch", in: bytes) {
            try RequestMembers.put(member, into: &self.epoch)
        } else if name.isString("history", in: bytes) {
            try RequestMembers.put(member, into: &self.history)
        } else if name.isString("presence", in: bytes) {
            try RequestMembers.put(member, into: &self.presence)
        } else if name.isString("info", in: bytes) {
            try RequestMembers.put(member, into: &self.info)
        }
    }

    private static func put(_ member: JSONMember, into place: inout JSONValue?) throws(JSONError) {
        guard place == nil else { throw JSONError(.duplicate, at: member.name.range.lowerBound) }
        place = member.value
    }
}
