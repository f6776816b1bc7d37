/// A frame's header, as it is written (RFC 6455, section 5.2). Parsing is ``FrameParser``'s.
public struct FrameHeader: Sendable, Hashable {
    /// The most bytes a header takes: 2, and 8 of length, and 4 of masking key.
    public static let maxSize = 14
    /// The largest payload of a control frame in bytes (section 5.5).
    public static let maxControlPayload = 125

    /// Whether this is a message's last (or only) frame.
    public var isFinal: Bool
    /// RSV1: set on the first frame of a compressed message (RFC 7692, section 6).
    public var isCompressed: Bool
    /// What the frame is.
    public var opcode: Opcode
    /// The payload's size in bytes.
    public var payloadCount: Int
    /// The masking key as its four bytes lie in memory, first byte lowest; nil on a server's frame.
    public var maskingKey: UInt32?

    /// Makes a header. The payload's size must not be negative, and at most ``maxControlPayload`` on a control frame.
    @inlinable
    public init(
        opcode: Opcode, isFinal: Bool = true, isCompressed: Bool = false, payloadCount: Int, maskingKey: UInt32? = nil
    ) {
        self.opcode = opcode
        self.isFinal = isFinal
        self.isCompressed = isCompressed
        self.payloadCount = payloadCount
        self.maskingKey = maskingKey
    }

    /// How many bytes the header takes on the wire; lengths are written in their shortest form.
    @inlinable
    public var size: Int {
        let length = self.payloadCount < 126 ? 2 : self.payloadCount <= 0xFFFF ? 4 : 10
        return self.maskingKey == nil ? length : length &+ 4
    }

    /// Writes the header.
    ///
    /// - Parameter target: Where to; there must be room for ``size`` bytes (at most ``maxSize``).
    /// - Returns: How many bytes were written: ``size``.
    @inlinable
    @discardableResult
    public func write(to target: UnsafeMutableRawPointer) -> Int {
        var first = self.opcode.rawValue
        if self.isFinal { first |= 0x80 }
        if self.isCompressed { first |= 0x40 }
        target.storeBytes(of: first, as: UInt8.self)
        let maskBit: UInt8 = self.maskingKey == nil ? 0 : 0x80
        var written: Int
        if self.payloadCount < 126 {
            target.storeBytes(
                of: maskBit | UInt8(truncatingIfNeeded: self.payloadCount), toByteOffset: 1, as: UInt8.self)
            written = 2
        } else if self.payloadCount <= 0xFFFF {
            target.storeBytes(of: maskBit | 126, toByteOffset: 1, as: UInt8.self)
            target.storeBytes(
                of: UInt16(truncatingIfNeeded: self.payloadCount).bigEndian, toByteOffset: 2, as: UInt16.self)
            written = 4
        } else {
            target.storeBytes(of: maskBit | 127, toByteOffset: 1, as: UInt8.self)
            target.storeBytes(of: UInt64(self.payloadCount).bigEndian, toByteOffset: 2, as: UInt64.self)
            written = 10
        }
        if let maskingKey {
            target.storeBytes(of: maskingKey.littleEndian, toByteOffset: written, as: UInt32.self)
            written &+= 4
        }
        return written
    }
}
