/// What a frame is: a data frame, a continuation of one, or a control frame (RFC 6455, section 5.2).
public struct Opcode: RawRepresentable, Hashable, Sendable {
    /// The four bits on the wire.
    public var rawValue: UInt8

    /// Makes an opcode of the four bits on the wire; reserved values are possible, and are refused by the parser.
    @inlinable
    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// A further fragment of the message that is under way (0x0).
    @inlinable public static var continuation: Opcode { Opcode(rawValue: 0x0) }
    /// A text message, or its first fragment (0x1).
    @inlinable public static var text: Opcode { Opcode(rawValue: 0x1) }
    /// A binary message, or its first fragment (0x2).
    @inlinable public static var binary: Opcode { Opcode(rawValue: 0x2) }
    /// The closing handshake (0x8).
    @inlinable public static var close: Opcode { Opcode(rawValue: 0x8) }
    /// A ping, to be answered by a pong with the same payload (0x9).
    @inlinable public static var ping: Opcode { Opcode(rawValue: 0x9) }
    /// A pong (0xA).
    @inlinable public static var pong: Opcode { Opcode(rawValue: 0xA) }

    /// Whether this is a control frame: at most 125 bytes, never fragmented, may stand between fragments.
    @inlinable public var isControl: Bool { self.rawValue & 0x8 != 0 }

    /// Whether RFC 6455 gives this opcode a meaning.
    @inlinable public var isDefined: Bool {
        self.rawValue <= 0x2 || (self.rawValue >= 0x8 && self.rawValue <= 0xA)
    }
}

extension Opcode: CustomStringConvertible {
    /// The RFC's name of the opcode, or its number where it is reserved.
    public var description: String {
        switch self {
        case .continuation: "continuation"
        case .text: "text"
        case .binary: "binary"
        case .close: "close"
        case .ping: "ping"
        case .pong: "pong"
        default: "reserved(\(self.rawValue))"
        }
    }
}
