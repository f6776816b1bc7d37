/// How much a peer may make this end accept. Each is checked from a frame's header, before any payload is taken in;
/// more is answered by close code 1009 (RFC 6455, section 10.4).
///
/// The limits are about what a message is, not how it travels. So of a compressed message ``maxMessageSize`` holds for what it
/// inflates to, and is checked while it inflates; on the wire it, and each of its frames, may be an eighth and 64 bytes larger,
/// since compressing makes some data larger.
public struct Limits: Sendable, Hashable {
    /// The default of ``maxFrameSize`` and ``maxMessageSize``: 16 MiB, what a page may reasonably upload in one piece.
    public static let defaultSize = 16 << 20
    /// The default of ``maxFragments``: 262,144, a message of the default size in fragments of 64 bytes.
    public static let defaultFragments = 1 << 18

    /// The largest payload of one frame in bytes. Default ``defaultSize``. It bounds what a driver that collects whole
    /// frames may have to hold.
    public var maxFrameSize: Int
    /// The largest message in bytes, all fragments together. Default ``defaultSize``. It bounds the memory that one
    /// connection can take when messages are collected; raise it, or take messages by chunks, for more.
    public var maxMessageSize: Int
    /// The largest number of frames in one message. Default ``defaultFragments``. It bounds the work that a message of
    /// empty or tiny fragments causes; a fragment costs no memory of its own.
    public var maxFragments: Int

    /// The limit for what travels compressed.
    static func onWire(_ limit: Int) -> Int {
        let (sum, overflow) = limit.addingReportingOverflow((limit >> 3) + 64)
        return overflow ? .max : sum
    }

    /// Makes a set of limits.
    ///
    /// - Parameters:
    ///   - maxFrameSize: The largest payload of one frame in bytes.
    ///   - maxMessageSize: The largest message in bytes.
    ///   - maxFragments: The largest number of frames in one message.
    public init(
        maxFrameSize: Int = Limits.defaultSize,
        maxMessageSize: Int = Limits.defaultSize,
        maxFragments: Int = Limits.defaultFragments
    ) {
        self.maxFrameSize = maxFrameSize
        self.maxMessageSize = maxMessageSize
        self.maxFragments = maxFragments
    }

    /// The same limit for frames and messages.
    ///
    /// - Parameter maxMessageSize: The largest message, and so the largest frame, in bytes.
    public init(maxMessageSize: Int) {
        self.init(maxFrameSize: maxMessageSize, maxMessageSize: maxMessageSize)
    }

    /// No limit but the protocol's own (2^63 - 1 bytes): for messages that are taken by chunks.
    public static let unlimited = Limits(maxFrameSize: .max, maxMessageSize: .max, maxFragments: .max)
}
