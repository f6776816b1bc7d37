public import NIOCore

/// Immutable bytes with a type (W3C File API, section 3): what a binary message is, unless ``WebSocket/binaryType`` says otherwise.
public struct Blob: Sendable, Hashable {
    /// The bytes.
    public let buffer: ByteBuffer
    /// The media type in lower case, or "" when it is not known.
    public let type: String

    /// The bytes as an array.
    public var bytes: [UInt8] { Array(self.buffer.readableBytesView) }
    /// How many bytes there are.
    public var size: Int { self.buffer.readableBytes }
    /// The bytes as text; what is not UTF-8 becomes U+FFFD.
    public var text: String { String(decoding: self.buffer.readableBytesView, as: UTF8.self) }

    /// Makes a blob.
    ///
    /// - Parameters:
    ///   - buffer: The bytes.
    ///   - type: The media type; one with characters outside of U+0020 to U+007E counts as "".
    public init(_ buffer: ByteBuffer, type: String = "") {
        self.buffer = buffer
        self.type = type.utf8.allSatisfy { (0x20...0x7E).contains($0) } ? type.lowercased() : ""
    }

    /// Makes a blob.
    ///
    /// - Parameters:
    ///   - bytes: The bytes.
    ///   - type: The media type; one with characters outside of U+0020 to U+007E counts as "".
    public init(_ bytes: some Collection<UInt8> = [], type: String = "") {
        self.init(ByteBuffer(bytes: bytes), type: type)
    }

    /// A part of the blob, without a copy.
    ///
    /// - Parameters:
    ///   - start: Where it begins; a negative number counts from the end.
    ///   - end: Where it ends; nil for the end, a negative number counts from there.
    ///   - contentType: The part's type.
    public func slice(_ start: Int = 0, _ end: Int? = nil, contentType: String = "") -> Blob {
        func clamp(_ position: Int) -> Int {
            position < 0 ? Swift.max(self.size + position, 0) : Swift.min(position, self.size)
        }
        let (lower, upper) = (clamp(start), clamp(end ?? self.size))
        let part =
            self.buffer.getSlice(
                at: self.buffer.readerIndex + lower, length: Swift.max(upper - lower, 0)) ?? ByteBuffer()
        return Blob(part, type: contentType)
    }
}

extension Blob: CustomStringConvertible {
    /// The size and the type.
    public var description: String { "Blob(size: \(self.size), type: \"\(self.type)\")" }
}
