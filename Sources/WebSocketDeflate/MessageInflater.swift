public import WebSocketCore

/// Inflates one message after the other, by the rules of RFC 7692, section 7.2.2, and within limits that hold for what comes
/// out, while it comes out. It holds no payload: its caller brings the input as it arrives, and room for the output.
public struct MessageInflater: Sendable {
    /// What a step came to.
    public enum Outcome: Hashable, Sendable {
        /// The input is used up, and the message goes on.
        case needsInput
        /// The output is full; there may be more.
        case needsRoom
        /// The message is complete.
        case ended
        /// A rule or a limit was broken; nothing more can be inflated on this connection.
        case failed(ProtocolError)
    }

    /// What a step brought.
    public struct Step: Hashable, Sendable {
        /// How many bytes were written.
        public var count: Int
        /// How it goes on.
        public var outcome: Outcome
    }

    /// The largest message, inflated, in bytes.
    public let maxMessageSize: Int
    /// How many times its compressed size a message may become; nil for no such limit.
    public let maxRatio: Int?
    /// How many bytes of the message have come out.
    public private(set) var inflated = 0
    /// How many bytes of it have gone in.
    private var compressed = 0
    private var isText = false
    private var utf8 = UTF8Validator()
    /// How much of the tail that messages leave out has gone in.
    private var tailOffset = 0

    /// Makes an inflater for one connection.
    ///
    /// - Parameters:
    ///   - maxMessageSize: The largest message, inflated, in bytes.
    ///   - maxRatio: How many times its compressed size a message may become.
    public init(maxMessageSize: Int, maxRatio: Int? = nil) {
        self.maxMessageSize = maxMessageSize
        self.maxRatio = maxRatio
    }

    /// A message begins.
    ///
    /// - Parameter isText: Whether it is text, which is checked to be UTF-8 as it comes out.
    public mutating func begin(isText: Bool) {
        self.inflated = 0
        self.compressed = 0
        self.isText = isText
        self.utf8 = UTF8Validator()
        self.tailOffset = 0
    }

    /// Inflates what there is room for.
    ///
    /// - Parameters:
    ///   - input: What has arrived of the message.
    ///   - offset: Where to go on in it; moved behind what was used.
    ///   - isLast: Whether the message ends with the input.
    ///   - output: Where to write; not empty.
    ///   - decompressor: The connection's, or a new or reset one where each message stands alone. It must be the same
    ///     throughout a message.
    public mutating func next(
        _ input: UnsafeRawBufferPointer, at offset: inout Int, isLast: Bool,
        into output: UnsafeMutableRawBufferPointer, with decompressor: Decompressor
    ) -> Step {
        // A message whose tail is in, and that has not ended with it, does not end well, whatever may still come out.
        guard self.tailOffset < Compressor.tail.count else {
            return Step(count: 0, outcome: .failed(ProtocolError(.invalidDeflate)))
        }
        // One byte more than the limit shows that it is passed, and no more than that is ever written.
        let allowed = self.maxMessageSize - self.inflated
        let room = UnsafeMutableRawBufferPointer(
            rebasing: output.prefix(allowed < output.count ? allowed + 1 : output.count))
        var written = 0
        let before = offset
        var outcome = decompressor.inflate(input, at: &offset, into: room, &written, stopsAtBlocks: false)
        self.compressed += offset - before
        var hasEnded = false
        if isLast, case .needsInput = outcome {
            outcome = Compressor.tail.withUnsafeBytes { tail in
                decompressor.inflate(tail, at: &self.tailOffset, into: room, &written, stopsAtBlocks: true)
            }
            hasEnded =
                outcome != .invalid && self.tailOffset == Compressor.tail.count && decompressor.isBetweenBlocks
        }
        self.inflated += written
        if let error = self.check(UnsafeRawBufferPointer(rebasing: room.prefix(written))) {
            return Step(count: 0, outcome: .failed(error))
        }
        if hasEnded {
            guard !self.isText || self.utf8.isComplete else {
                return Step(count: 0, outcome: .failed(ProtocolError(.invalidUTF8)))
            }
            return Step(count: written, outcome: .ended)
        }
        switch outcome {
        case .needsRoom: return Step(count: written, outcome: .needsRoom)
        case .needsInput where !isLast: return Step(count: written, outcome: .needsInput)
        // The message ended within a block.
        case .needsInput, .invalid: return Step(count: 0, outcome: .failed(ProtocolError(.invalidDeflate)))
        }
    }

    private mutating func check(_ bytes: UnsafeRawBufferPointer) -> ProtocolError? {
        if self.inflated > self.maxMessageSize {
            return ProtocolError(.inflatedTooBig(limit: self.maxMessageSize))
        }
        if let maxRatio, self.inflated > DeflateConfiguration.ratioFloor {
            let (most, overflow) = self.compressed.multipliedReportingOverflow(by: maxRatio)
            if !overflow && self.inflated > most { return ProtocolError(.inflationRatio(limit: maxRatio)) }
        }
        if self.isText, !self.utf8.validate(bytes) { return ProtocolError(.invalidUTF8) }
        return nil
    }
}
