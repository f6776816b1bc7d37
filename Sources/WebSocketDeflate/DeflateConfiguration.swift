/// How the messages of a connection are compressed: permessage-deflate (RFC 7692). The same for both roles; what applies is
/// what both ends agree on.
///
/// Two modes matter, and their memory is what tells them apart (measured on a server that echoes texts of 300 bytes; see
/// docs/compression.md):
///
/// - ``contextTakeover`` (the default): a message may refer to those before it, which makes small messages of the same kind
///   several times smaller. Each connection that has sent and received compressed messages keeps 253 KB; with windows of 2^12
///   bytes 112 KB, of 2^9 bytes 94 KB; of which at most 34 KB stay after ``idleRelease``.
/// - ``noContextTakeover``: each message stands alone. zlib's states belong to the event loop, and a connection keeps 1 KB
///   between its messages. The messages of a broadcast are compressed once for all.
///
/// Nothing is held by a connection before its first compressed message, in either mode.
public struct DeflateConfiguration: Sendable, Hashable {
    /// The default of ``level``: 6, zlib's own.
    public static let defaultLevel = 6
    /// The default of ``memLevel``: 8, zlib's own.
    public static let defaultMemLevel = 8
    /// The default of ``threshold``: 256 bytes.
    public static let defaultThreshold = 256
    /// The default of ``idleRelease``: 30 seconds.
    public static let defaultIdleRelease: Duration = .seconds(30)
    /// The window sizes that can be asked for, as powers of two. zlib's raw deflate cannot compress with a window of 2^8.
    public static let windowBits = 9...15

    /// How hard to compress: from 0 (not at all) over 1 (fastest) to 9 (smallest). Default ``defaultLevel``.
    public var level: Int
    /// How much memory the compressor uses beside its window: 2^(memLevel + 9) bytes, 1 to 9. Default ``defaultMemLevel``
    /// (128 KiB). Less is slower, and compresses less.
    public var memLevel: Int
    /// The largest window that the server may compress with, as a power of two in ``windowBits``. Default 15 (32 KiB). The
    /// server needs 2^(bits + 2) bytes for it, the client 2^bits.
    public var serverMaxWindowBits: Int
    /// The largest window that the client may compress with, as a power of two in ``windowBits``. Default 15 (32 KiB). The
    /// client needs 2^(bits + 2) bytes for it, the server 2^bits. With less than 15, a server declines compression to a
    /// client that did not offer to limit its window (RFC 7692, section 7.1.2.2), as Firefox does not.
    public var clientMaxWindowBits: Int
    /// Whether the server's messages may refer to earlier ones. Default true.
    public var serverContextTakeover: Bool
    /// Whether the client's messages may refer to earlier ones. Default true.
    public var clientContextTakeover: Bool
    /// Messages of fewer bytes go out as they are: compressing them costs more than it saves. Default ``defaultThreshold``
    /// (see docs/compression.md for what was measured). An empty message is never compressed.
    public var threshold: Int
    /// A message that inflates to more than so many times its compressed size, as far as it has come, closes the connection with 1009; nil for no
    /// such limit, the default: ``WebSocketCore/Limits/maxMessageSize`` holds for the inflated message in any case. Deflate reaches 1032; text
    /// rarely 20. It is looked at from ``ratioFloor`` on.
    public var maxRatio: Int?
    /// From how many inflated bytes on ``maxRatio`` is looked at: 64 KiB. Short messages of one character are no attack.
    public static let ratioFloor = 64 << 10
    /// After how long without a compressed message a connection lets go of its states, in the direction in which it may: what
    /// it compresses with always, and, of what it inflates with, all but the last 32 KiB that were received, which the peer may
    /// refer to. Default ``defaultIdleRelease``; nil for never. It is looked at about once a second.
    public var idleRelease: Duration?

    /// Makes a configuration.
    ///
    /// - Parameters:
    ///   - level: How hard to compress, 0 to 9.
    ///   - memLevel: How much memory to compress with, 1 to 9.
    ///   - serverMaxWindowBits: The largest window of the server, 9 to 15.
    ///   - clientMaxWindowBits: The largest window of the client, 9 to 15.
    ///   - serverContextTakeover: Whether the server's messages may refer to earlier ones.
    ///   - clientContextTakeover: Whether the client's messages may refer to earlier ones.
    ///   - threshold: From how many bytes on messages are compressed.
    ///   - maxRatio: How many times its size a message may inflate to.
    ///   - idleRelease: After how long without a compressed message memory is given back.
    public init(
        level: Int = DeflateConfiguration.defaultLevel,
        memLevel: Int = DeflateConfiguration.defaultMemLevel,
        serverMaxWindowBits: Int = 15,
        clientMaxWindowBits: Int = 15,
        serverContextTakeover: Bool = true,
        clientContextTakeover: Bool = true,
        threshold: Int = DeflateConfiguration.defaultThreshold,
        maxRatio: Int? = nil,
        idleRelease: Duration? = DeflateConfiguration.defaultIdleRelease
    ) {
        precondition((0...9).contains(level), "a level is between 0 and 9")
        precondition((1...9).contains(memLevel), "a memLevel is between 1 and 9")
        precondition(
            DeflateConfiguration.windowBits.contains(serverMaxWindowBits)
                && DeflateConfiguration.windowBits.contains(clientMaxWindowBits), "a window has 9 to 15 bits")
        precondition(threshold >= 0 && maxRatio ?? 1 > 0, "a limit must allow something")
        self.level = level
        self.memLevel = memLevel
        self.serverMaxWindowBits = serverMaxWindowBits
        self.clientMaxWindowBits = clientMaxWindowBits
        self.serverContextTakeover = serverContextTakeover
        self.clientContextTakeover = clientContextTakeover
        self.threshold = threshold
        self.maxRatio = maxRatio
        self.idleRelease = idleRelease
    }

    /// Messages may refer to earlier ones, both ways: the smallest messages, and 253 KB for each connection that has sent and
    /// received compressed ones.
    public static let contextTakeover = DeflateConfiguration()
    /// Each message stands alone, both ways: 1 KB for a connection between its messages.
    public static let noContextTakeover = DeflateConfiguration(
        serverContextTakeover: false, clientContextTakeover: false)
}
