public import RealtimeCore

/// What a message in a room's log says: the JSON that was published, byte for byte.
public struct Publication: Sendable, Hashable {
    /// The JSON.
    public var data: [UInt8]
    /// Who has published it, where that is known.
    public var author: MemberID?
    /// When it was stored, in milliseconds since 1970.
    public var time: Int64

    /// Makes one.
    public init(data: [UInt8], author: MemberID? = nil, time: Int64) {
        self.data = data
        self.author = author
        self.time = time
    }
}

/// What a room is told about a member: any JSON object.
public struct MemberInfo: Sendable, Hashable {
    /// The JSON.
    public var json: [UInt8]

    /// Takes a JSON object, without looking at it.
    public init(json: [UInt8]) {
        self.json = json
    }

    /// The empty object.
    public static let empty = MemberInfo(json: Array("{}".utf8))
}
