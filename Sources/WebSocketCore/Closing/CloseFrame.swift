/// A Close frame's content: nothing, or a code and a reason (RFC 6455, section 5.5.1).
public struct CloseFrame: Sendable, Hashable {
    /// The most bytes of UTF-8 that a reason may have: a control frame's 125 less the code's 2.
    public static let maxReason = 123

    /// The code; nil when the frame is empty.
    public let code: CloseCode?
    /// The reason, for people; at most ``maxReason`` bytes of UTF-8.
    public let reason: String

    /// A Close frame without code or reason.
    public static let empty = CloseFrame()

    private init() {
        self.code = nil
        self.reason = ""
    }

    /// Makes a Close frame that may be sent.
    ///
    /// - Parameters:
    ///   - code: One that is allowed on the wire (``CloseCode/isAllowedOnWire``).
    ///   - reason: At most ``maxReason`` bytes of UTF-8.
    /// - Throws: ``ProtocolError`` when either is not allowed.
    public init(code: CloseCode, reason: String = "") throws(ProtocolError) {
        guard code.isAllowedOnWire else {
            throw ProtocolError(.invalidCloseCode(code.rawValue))
        }
        guard reason.utf8.count <= CloseFrame.maxReason else {
            throw ProtocolError(.closeReasonTooLong(reason.utf8.count))
        }
        self.init(unchecked: code, reason: reason)
    }

    /// For codes and reasons that are known to be allowed.
    init(unchecked code: CloseCode, reason: String) {
        self.code = code
        self.reason = reason
    }

    /// Parses the payload of a received Close frame.
    ///
    /// - Parameter payload: The unmasked payload, at most 125 bytes.
    /// - Throws: ``ProtocolError`` for a payload of one byte, a code that must not be sent (1002), or a reason that is not
    ///   UTF-8 (1007).
    public init(parsing payload: UnsafeRawBufferPointer) throws(ProtocolError) {
        guard payload.count > 0 else {
            self.init()
            return
        }
        guard payload.count >= 2 else {
            throw ProtocolError(.closePayloadOfOneByte)
        }
        let code = CloseCode(rawValue: UInt16(payload[0]) << 8 | UInt16(payload[1]))
        guard code.isAllowedOnWire else {
            throw ProtocolError(.invalidCloseCode(code.rawValue))
        }
        let reason = UnsafeRawBufferPointer(rebasing: payload[2...])
        guard UTF8Validator.isValid(reason) else {
            throw ProtocolError(.invalidUTF8)
        }
        self.init(unchecked: code, reason: String(decoding: reason, as: UTF8.self))
    }

    /// How many bytes the frame's payload takes.
    public var payloadCount: Int { self.code == nil ? 0 : 2 + self.reason.utf8.count }

    /// The whole frame, as it goes onto the wire.
    ///
    /// - Parameter maskingKey: The key when a client sends it, nil when a server does.
    public func encoded(maskingKey: UInt32?) -> [UInt8] {
        let header = FrameHeader(opcode: .close, payloadCount: self.payloadCount, maskingKey: maskingKey)
        return [UInt8](unsafeUninitializedCapacity: header.size + self.payloadCount) { buffer, count in
            let base = UnsafeMutableRawPointer(buffer.baseAddress!)
            let size = header.write(to: base)
            if let code = self.code {
                var payload = [UInt8(code.rawValue >> 8), UInt8(code.rawValue & 0xFF)]
                payload += self.reason.utf8
                payload.withUnsafeBytes { (base + size).copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
            }
            if let maskingKey {
                _ = Masking.apply(base + size, count: self.payloadCount, key: maskingKey)
            }
            count = size + self.payloadCount
        }
    }
}
