/// A rule that was broken, by the peer or by what was asked of this end. It names the rule, and the close code that the
/// peer is told.
public struct ProtocolError: Error, Hashable, Sendable {
    @usableFromInline
    package enum Code: Hashable, Sendable {
        case reservedBits(UInt8)
        case reservedOpcode(UInt8)
        case fragmentedControl
        case controlTooLong
        case maskMissing
        case maskUnexpected
        case lengthNotMinimal
        case lengthTooLarge
        case continuationWithoutMessage
        case messageInterrupted
        case compressedContinuation
        case invalidUTF8
        case closePayloadOfOneByte
        case invalidCloseCode(UInt16)
        case closeReasonTooLong(Int)
        case frameTooBig(size: Int, limit: Int)
        case messageTooBig(size: Int, limit: Int)
        case tooManyFragments(limit: Int)
        // what is found while a message is inflated
        case invalidDeflate
        case inflatedTooBig(limit: Int)
        case inflationRatio(limit: Int)
        // what a driver finds
        case noPong
    }

    package let code: Code

    @usableFromInline
    package init(_ code: Code) {
        self.code = code
    }

    /// The code that goes into the Close frame: 1002, 1007 for text that is not UTF-8 and for bad compressed data, 1009 for a
    /// limit, or 1011 for a peer that does not answer.
    public var closeCode: CloseCode {
        switch self.code {
        case .invalidUTF8, .invalidDeflate: .invalidPayload
        case .frameTooBig, .messageTooBig, .tooManyFragments, .inflatedTooBig, .inflationRatio: .messageTooBig
        case .noPong: .internalError
        default: .protocolError
        }
    }
}

extension ProtocolError: CustomStringConvertible {
    /// One line for people: what was wrong, and which section of RFC 6455 says so. It also serves as the Close frame's
    /// reason, and is short enough for one.
    public var description: String {
        switch self.code {
        case .reservedBits(let bits): "reserved bits \(bits) without an extension (5.2)"
        case .reservedOpcode(let opcode): "reserved opcode \(opcode) (5.2)"
        case .fragmentedControl: "fragmented control frame (5.5)"
        case .controlTooLong: "control frame over 125 bytes (5.5)"
        case .maskMissing: "frame of a client without a mask (5.1)"
        case .maskUnexpected: "frame of a server with a mask (5.1)"
        case .lengthNotMinimal: "length not in its shortest form (5.2)"
        case .lengthTooLarge: "length with its highest bit set (5.2)"
        case .continuationWithoutMessage: "continuation without a message (5.4)"
        case .messageInterrupted: "new message inside a fragmented one (5.4)"
        case .compressedContinuation: "RSV1 on a continuation (RFC 7692, 6.1)"
        case .invalidUTF8: "text that is not UTF-8 (8.1)"
        case .closePayloadOfOneByte: "close payload of one byte (5.5.1)"
        case .invalidCloseCode(let code): "close code \(code) must not be sent (7.4)"
        case .closeReasonTooLong(let count): "close reason of \(count) bytes, more than 123 (5.5)"
        case .frameTooBig(let size, let limit): "frame of \(size) bytes, more than \(limit)"
        case .messageTooBig(let size, let limit): "message of \(size) bytes, more than \(limit)"
        case .tooManyFragments(let limit): "message of more than \(limit) frames"
        case .noPong: "no answer to a ping"
        case .invalidDeflate: "compressed data that is not deflate (RFC 7692, 7.2.2)"
        case .inflatedTooBig(let limit): "message that inflates to more than \(limit) bytes"
        case .inflationRatio(let limit): "message that inflates to more than \(limit) times its size"
        }
    }
}
