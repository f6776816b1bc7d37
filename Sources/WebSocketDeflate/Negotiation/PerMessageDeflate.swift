public import WebSocketCore

/// What both ends agreed on about compression: the parameters of permessage-deflate (RFC 7692, section 7.1).
///
/// It is made by ``init(answering:configuration:)`` on a server, and by ``init(agreed:configuration:)`` on a client.
public struct PerMessageDeflate: Sendable, Hashable {
    /// The extension's name.
    public static let name = "permessage-deflate"

    /// Whether each message of the server stands alone (section 7.1.1.1).
    public var serverNoContextTakeover: Bool
    /// Whether each message of the client stands alone (section 7.1.1.2).
    public var clientNoContextTakeover: Bool
    /// The server's largest window, as a power of two, 8 to 15 (section 7.1.2.1).
    public var serverMaxWindowBits: Int
    /// The client's largest window, as a power of two, 8 to 15 (section 7.1.2.2).
    public var clientMaxWindowBits: Int
    /// Whether the client limited the server's window: then the answer must name it, also where it is the largest.
    var isServerWindowAsked = false

    /// Makes an agreement.
    public init(
        serverNoContextTakeover: Bool = false, clientNoContextTakeover: Bool = false, serverMaxWindowBits: Int = 15,
        clientMaxWindowBits: Int = 15
    ) {
        self.serverNoContextTakeover = serverNoContextTakeover
        self.clientNoContextTakeover = clientNoContextTakeover
        self.serverMaxWindowBits = serverMaxWindowBits
        self.clientMaxWindowBits = clientMaxWindowBits
    }

    /// Whether each message that this role sends stands alone.
    public func sendsWithoutContext(as role: Role) -> Bool {
        role == .server ? self.serverNoContextTakeover : self.clientNoContextTakeover
    }

    /// Whether each message that this role receives stands alone.
    public func receivesWithoutContext(as role: Role) -> Bool {
        role == .server ? self.clientNoContextTakeover : self.serverNoContextTakeover
    }

    /// The window that this role inflates with, as a power of two: what was agreed on, and at least 9. zlib before 1.2.9 took 9
    /// where it was told 8.
    public func receivingWindowBits(as role: Role) -> Int {
        Swift.max(role == .server ? self.clientMaxWindowBits : self.serverMaxWindowBits, 9)
    }

    /// What this role compresses with; nil when it cannot, and has to send its messages as they are, as it always may.
    ///
    /// That is so when the peer allows a window of 2^8 only. zlib's raw deflate refuses that: it looks 262 bytes ahead, more
    /// than such a window holds. And to use 2^9 instead would break the agreement.
    public func compression(as role: Role, _ configuration: DeflateConfiguration) -> Compressor.Settings? {
        let bits =
            role == .server
            ? Swift.min(self.serverMaxWindowBits, configuration.serverMaxWindowBits)
            : Swift.min(self.clientMaxWindowBits, configuration.clientMaxWindowBits)
        guard bits >= DeflateConfiguration.windowBits.lowerBound else { return nil }
        return Compressor.Settings(level: configuration.level, memLevel: configuration.memLevel, windowBits: bits)
    }
}
