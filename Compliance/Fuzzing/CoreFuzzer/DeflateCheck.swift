import WebSocketCore
import WebSocketDeflate

/// Compression: the settings' highest two bits choose the check, all other bits are its settings.
func checkDeflate(settings: UInt16, _ input: [UInt8]) {
    switch settings >> 12 {
    case 0, 1: InflateCheck(settings: settings).run(input)
    case 2: RoundTripCheck(settings: settings & 0xFFF).run(input)
    default: checkNegotiation(settings: settings & 0xFFF, input)
    }
}

/// Arbitrary bytes as the messages of one connection. Whatever the pieces, the room, and what happens between the messages:
/// each becomes what another decoder makes of it, or fails by a rule that it breaks.
private struct InflateCheck {
    private let windowBits: Int
    private let inflater: MessageInflater
    /// Each message stands alone.
    private let isAlone: Bool
    private let seed: UInt64

    init(settings: UInt16) {
        self.windowBits = 8 + Int(settings & 7)
        // Small enough to be met by short inputs; the largest one is above the floor of the ratio.
        self.inflater = MessageInflater(
            maxMessageSize: [16, 300, 4096, 100_000][Int(settings >> 3 & 3)],
            maxRatio: [nil, 10, 100, 1000][Int(settings >> 5 & 3)])
        self.isAlone = settings & 0x80 != 0
        self.seed = UInt64(settings)
    }

    private struct Message {
        var bytes: [UInt8]
        var isText: Bool
        var expected: ReferenceInflater.Message
        /// What the next one may refer to.
        var history: [UInt8]
        /// The rules that it breaks: it fails, by one of them.
        var broken: Set<ProtocolError>
    }

    func run(_ input: [UInt8]) {
        let messages = self.messages(input)
        // One decompressor for all; a second one in pieces; and a new one for each message, made from what the last one
        // left.
        for cut in [Sizes.Cut.whole, .random, .drip] {
            var inflation = Inflation(
                windowBits: self.windowBits, inflater: self.inflater, sizes: Sizes(seed: self.seed))
            for message in messages {
                let result = inflation.inflate(
                    message.bytes, isText: message.isText, cut, expecting: message.expected.output.count)
                self.check(result, message, "\(cut)")
                // Nothing is used behind a failure; and whether this one fails is left open.
                if result.error != nil || self.reachesTooFar(message) { break }
                switch (self.isAlone, cut) {
                case (true, .drip): inflation.renew()
                case (true, _):
                    inflation.decompressor.reset()
                    require(inflation.decompressor.history.isEmpty, "a history behind a reset")
                case (false, .drip):
                    let history = inflation.decompressor.history
                    require(
                        isSame(history[...], message.history.suffix(1 << self.windowBits)),
                        "a history of \(history.count) bytes")
                    inflation.resume(from: history)
                case (false, _): break
                }
            }
        }
    }

    /// The messages in the input, each behind a byte that says whether it is text (128) and how long it is, 127 for all the
    /// rest. The last one is the first that breaks a rule.
    private func messages(_ input: [UInt8]) -> [Message] {
        var reference = ReferenceInflater()
        var messages: [Message] = []
        var rest = input[...]
        while let head = rest.popFirst() {
            let count = Int(head & 0x7F)
            let bytes = Array(count == 0x7F ? rest : rest.prefix(count))
            rest = rest.dropFirst(bytes.count)
            if self.isAlone { reference.reset() }
            let expected = reference.inflate(bytes, limit: self.inflater.maxMessageSize)
            let isText = head & 0x80 != 0
            let message = Message(
                bytes: bytes, isText: isText, expected: expected, history: reference.history,
                broken: self.broken(expected, isText: isText))
            messages.append(message)
            if !message.broken.isEmpty || self.reachesTooFar(message) { break }
        }
        return messages
    }

    private func broken(_ expected: ReferenceInflater.Message, isText: Bool) -> Set<ProtocolError> {
        var broken: Set<ProtocolError> = []
        let isBadText = isText && !isStartOfText(expected.output)
        switch expected.end {
        case .complete:
            if isText, String(validating: expected.output, as: UTF8.self) == nil {
                broken.insert(ProtocolError(.invalidUTF8))
            }
        case .tooBig:
            broken.insert(ProtocolError(.inflatedTooBig(limit: self.inflater.maxMessageSize)))
            // Which of the two is found first is a matter of the room.
            if isBadText { broken.insert(ProtocolError(.invalidUTF8)) }
        case .invalid:
            // What came out before was checked before.
            broken.insert(ProtocolError(isBadText ? .invalidUTF8 : .invalidDeflate))
        }
        return broken
    }

    /// Where a message refers farther back than the window that was agreed on, zlib fails unless it still has those bytes
    /// as output: that depends on the room.
    private func reachesTooFar(_ message: Message) -> Bool {
        message.expected.farthest > 1 << self.windowBits
    }

    private func check(_ result: Inflation.Result, _ message: Message, _ run: String) {
        let about = "\(run): \(message.bytes), 2^\(self.windowBits)"
        require(
            isSame(message.expected.output.prefix(result.output.count), result.output[...]), "\(about): not the output")
        require(!message.isText || isStartOfText(result.output), "\(about): not text")
        guard let error = result.error else {
            require(message.broken.isEmpty, "\(about): ended instead of \(message.broken)")
            require(message.expected.output.count == result.output.count, "\(about): not all of the output")
            return
        }
        // Checked at each step.
        if let ratio = self.inflater.maxRatio, error == ProtocolError(.inflationRatio(limit: ratio)) { return }
        let isTooFar = self.reachesTooFar(message) && error == ProtocolError(.invalidDeflate)
        require(message.broken.contains(error) || isTooFar, "\(about): \(error) instead of \(message.broken)")
    }
}

/// Whether text can start like this: a character at its end may be cut off.
private func isStartOfText(_ bytes: [UInt8]) -> Bool {
    if String(validating: bytes, as: UTF8.self) != nil { return true }
    return (1...3).contains { count in
        guard bytes.count >= count, String(validating: bytes.dropLast(count), as: UTF8.self) != nil else {
            return false
        }
        // Of these, one is a second byte for any first one.
        return [0x80 as UInt8, 0x90, 0xA0].contains { second in
            (0...2).contains { more in
                let rest: [UInt8] = [second] + [UInt8](repeating: 0x80, count: more)
                return String(validating: Array(bytes.suffix(count)) + rest, as: UTF8.self) != nil
            }
        }
    }
}
