/// A room's name: 1 to 128 bytes of UTF-8. Two names are the same if their bytes are.
///
/// It has to stand in a path (`/rooms/{room}/messages`) once it is percent-encoded. So `/` and `\` are not allowed, nor are
/// `.` and `..`: proxies decode and resolve them, encoded or not. Nor are control characters, separators of lines, and what
/// turns the direction of writing. All else is, spaces and every script included.
public struct RoomName: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The longest name in bytes of UTF-8: 128, a title in any script. It is sent with each message of a connection that is
    /// in many rooms, and percent-encoded it takes three times as much of a request's line.
    public static let maxBytes = 128

    private let name: ByteText

    /// The name as it was given.
    public var text: String { self.name.text }

    /// Takes a name, after any percent-encoding has been undone.
    ///
    /// - Throws: ``RealtimeError`` for what is not allowed.
    public init(_ text: some StringProtocol) throws(RealtimeError) {
        self.name = try ByteText(checking: text, as: .room, maxBytes: RoomName.maxBytes) {
            !$0.isControlling && $0 != "/" && $0 != "\\"
        }
        guard text != ".", text != ".." else { throw RealtimeError(.dots(.room)) }
    }

    /// As ``text``.
    public var description: String { self.text }

    /// The order of their bytes.
    public static func < (left: RoomName, right: RoomName) -> Bool { left.name < right.name }
}
