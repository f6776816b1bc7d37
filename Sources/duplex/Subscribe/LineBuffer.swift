import NIOCore

/// Puts lines together from bytes that come in any pieces. A value.
struct LineBuffer: Sendable {
    /// The longest line in bytes.
    let maxLine: Int
    private var rest: [UInt8] = []

    init(maxLine: Int) {
        self.maxLine = maxLine
    }

    /// Takes bytes, and gives the lines that are whole now, without their ends. Empty ones are left out.
    ///
    /// - Throws: ``RoomFailure`` for a line that is too long.
    mutating func take(_ bytes: ByteBuffer) throws(RoomFailure) -> [[UInt8]] {
        var lines: [[UInt8]] = []
        for part in bytes.readableBytesView.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .enumerated()
        {
            if part.offset > 0 {
                if !self.rest.isEmpty { lines.append(self.rest) }
                self.rest = []
            }
            self.rest += part.element
            guard self.rest.count <= self.maxLine else {
                throw RoomFailure("a line of the stream has more than \(self.maxLine) bytes")
            }
        }
        return lines
    }
}
