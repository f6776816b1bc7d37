import WebSocketCore

/// Frames: arbitrary bytes in arbitrary pieces. What is found must not depend on the pieces, must be what the bytes say,
/// and must keep to the limits.
struct ParserCheck {
    private let role: Role
    private let limits: Limits
    private let allowsCompression: Bool
    private let seed: UInt64

    init(settings: UInt16) {
        self.role = settings & 1 == 0 ? .client : .server
        self.allowsCompression = settings & 2 != 0
        // Small enough for the limits to be met by short inputs, and now and then none.
        self.limits =
            settings & 12 == 0
            ? .unlimited : Limits(maxFrameSize: 130, maxMessageSize: 140, maxFragments: 3 + Int(settings & 12))
        self.seed = UInt64(settings) + 1
    }

    func run(_ input: [UInt8]) {
        let whole = self.parse(input, in: [input.count])
        self.checkContent(whole, of: input)
        let dripped = self.parse(input, in: [Int](repeating: 1, count: input.count))
        require(dripped.isSame(as: whole), "byte by byte \(dripped), whole \(whole)")
        let sizes = self.sizes(of: input.count)
        let split = self.parse(input, in: sizes)
        require(split.isSame(as: whole), "in pieces of \(sizes) \(split), whole \(whole)")
    }

    // MARK: Running

    struct Frame: Equatable {
        var opcode: Opcode
        var payload: [UInt8]
        var isFirst: Bool
        var isLast: Bool
        var isCompressed: Bool
        var remaining: Int
        /// Where the payload starts in the input.
        var start: Int
    }

    struct Outcome {
        /// Data frames with their chunks put together, and control frames.
        var frames: [Frame] = []
        var error: ProtocolError?
        var isClosed = false
        /// How many bytes were used.
        var used = 0

        func isSame(as other: Outcome) -> Bool {
            // Where text turns out to be bad, the pieces decide how much of its frame was used before.
            self.frames == other.frames && self.error == other.error && self.isClosed == other.isClosed
                && (self.error != nil || self.used == other.used)
        }
    }

    /// Sizes of pieces, 0 to 15 bytes each: a xorshift from the settings.
    private func sizes(of count: Int) -> [Int] {
        var state = self.seed
        var sizes: [Int] = []
        var sum = 0
        while sum < count {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            let size = min(Int(state % 16), count - sum)
            sizes.append(size)
            sum += size
        }
        return sizes
    }

    /// Parses the input in pieces, as a driver does, each time in a region of exactly the bytes there are, so that the
    /// address sanitizer sees every step over its edge.
    private func parse(_ input: [UInt8], in sizes: [Int]) -> Outcome {
        var parser = FrameParser(role: self.role, limits: self.limits, allowsCompression: self.allowsCompression)
        var outcome = Outcome()
        var kept: [UInt8] = []
        var handed = 0
        for size in sizes {
            kept += input[handed..<handed + size]
            handed += size
            let region = UnsafeMutableRawBufferPointer.allocate(byteCount: kept.count, alignment: 1)
            defer { region.deallocate() }
            region.copyBytes(from: kept)
            var offset = 0
            while self.step(&parser, region, &offset, &outcome, origin: outcome.used) {}
            require(offset <= region.count, "offset \(offset) beyond \(region.count)")
            outcome.used += offset
            if outcome.error != nil || outcome.isClosed { return outcome }
            kept = Array(region[offset...])
            require(kept.count <= 130, "\(kept.count) bytes left")
            require(!parser.isInsideFrame || kept.isEmpty, "bytes left inside of a frame")
        }
        return outcome
    }

    /// Takes one step; false when there is none after it. The origin is where the region starts in the input.
    private func step(
        _ parser: inout FrameParser, _ region: UnsafeMutableRawBufferPointer, _ offset: inout Int,
        _ outcome: inout Outcome, origin: Int
    ) -> Bool {
        let before = offset
        let event = parser.next(in: region, at: &offset)
        require(before <= offset && offset <= region.count, "offset from \(before) to \(offset) of \(region.count)")
        func payload(_ range: Range<Int>) -> [UInt8] {
            require(
                before <= range.lowerBound && range.upperBound == offset, "range \(range) for \(before)..<\(offset)")
            return Array(region[range])
        }
        func control(_ opcode: Opcode, _ payload: [UInt8]) {
            outcome.frames.append(
                Frame(
                    opcode: opcode, payload: payload, isFirst: true, isLast: true, isCompressed: false, remaining: 0,
                    start: origin + offset - payload.count))
        }
        switch event {
        case .needsMoreBytes: return false
        case .data(let data):
            self.merge(data, payload(data.range), start: origin + data.range.lowerBound, into: &outcome)
        case .ping(let range): control(.ping, payload(range))
        case .pong(let range): control(.pong, payload(range))
        case .close(let frame):
            control(.close, Array(frame.encoded(maskingKey: nil)[2...]))
            outcome.isClosed = true
            return false
        case .failure(let error):
            if let last = outcome.frames.last, last.remaining > 0 { outcome.frames.removeLast() }
            outcome.error = error
            return false
        }
        return true
    }

    private func merge(_ data: FrameParser.Data, _ payload: [UInt8], start: Int, into outcome: inout Outcome) {
        if var frame = outcome.frames.last, frame.remaining > 0 {
            require(!data.isFirst && !frame.isLast, "\(data) behind \(frame)")
            require(frame.remaining == payload.count + data.remainingInFrame, "\(data) behind \(frame)")
            require(data.opcode == frame.opcode && data.isCompressed == frame.isCompressed, "\(data) behind \(frame)")
            frame.payload += payload
            frame.isLast = data.isLast
            frame.remaining = data.remainingInFrame
            outcome.frames[outcome.frames.count - 1] = frame
        } else {
            outcome.frames.append(
                Frame(
                    opcode: data.opcode, payload: payload, isFirst: data.isFirst, isLast: data.isLast,
                    isCompressed: data.isCompressed, remaining: data.remainingInFrame, start: start))
        }
    }

    // MARK: What was found

    private func checkContent(_ outcome: Outcome, of input: [UInt8]) {
        let message = self.checkMessages(outcome.frames)
        let rest = self.checkBytes(outcome, of: input)
        if let error = outcome.error { self.checkError(error, in: message, at: rest) }
    }

    /// What travels compressed may be an eighth and 64 bytes larger.
    private func limits(isCompressed: Bool) -> Limits {
        guard isCompressed, self.limits != .unlimited else { return self.limits }
        var limits = self.limits
        limits.maxFrameSize += limits.maxFrameSize / 8 + 64
        limits.maxMessageSize += limits.maxMessageSize / 8 + 64
        return limits
    }

    /// Order, limits and text, by means other than the parser's. Gives the frames of the message that is under way.
    private func checkMessages(_ frames: [Frame]) -> [Frame] {
        var message: [Frame] = []
        for frame in frames where !frame.opcode.isControl {
            require(frame.isFirst == message.isEmpty, "order of \(frames)")
            message.append(frame)
            let sizes = message.map { $0.payload.count.addingReportingOverflow($0.remaining).partialValue }
            let limits = self.limits(isCompressed: frame.isCompressed)
            require(sizes.allSatisfy { $0 >= 0 && $0 <= limits.maxFrameSize }, "frame limit")
            require(
                sizes.dropLast().reduce(0, +) <= limits.maxMessageSize - sizes[sizes.count - 1], "message limit")
            require(message.count <= self.limits.maxFragments, "fragment limit")
            require(frame.opcode == message[0].opcode, "opcode of \(frames)")
            require(frame.isCompressed == message[0].isCompressed, "compression of \(frames)")
            require(!frame.isCompressed || self.allowsCompression, "compression of \(frames)")
            guard frame.isLast else { continue }
            if frame.opcode == .text, !frame.isCompressed {
                let text = message.flatMap(\.payload)
                require(String(validating: text, as: UTF8.self) != nil, "bad text \(text)")
            }
            message = []
        }
        return message
    }

    /// There is one way only to write a frame: written again, with the same key, the frames are the bytes that were used.
    /// Gives the bytes behind them.
    private func checkBytes(_ outcome: Outcome, of input: [UInt8]) -> ArraySlice<UInt8> {
        var written: [UInt8] = []
        for frame in outcome.frames {
            var key: UInt32?
            if self.role == .server {
                key = (0..<4).reduce(0 as UInt32) { $0 | UInt32(input[frame.start - 4 + $1]) << UInt32(8 * $1) }
            }
            // Whether an incomplete frame is a message's last one is not told yet; its first bit is.
            let isFinal = frame.remaining > 0 ? input[written.count] & 0x80 != 0 : frame.isLast
            let header = FrameHeader(
                opcode: frame.isFirst ? frame.opcode : .continuation, isFinal: isFinal,
                isCompressed: frame.isFirst && frame.isCompressed, payloadCount: frame.payload.count + frame.remaining,
                maskingKey: key)
            written += [UInt8](unsafeUninitializedCapacity: FrameHeader.maxSize) { buffer, count in
                count = header.write(to: UnsafeMutableRawPointer(buffer.baseAddress!))
            }
            require(written.count == frame.start, "header of \(frame)")
            var rest = key ?? 0
            for byte in frame.payload {
                written.append(byte ^ UInt8(truncatingIfNeeded: rest))
                rest = rest >> 8 | rest << 24
            }
        }
        require(written == Array(input[..<written.count]), "\(written) written, \(input) read")
        if outcome.error == nil {
            // Beyond them there may be the header of a data frame without a payload yet.
            require(
                written.count <= outcome.used && outcome.used - written.count <= FrameHeader.maxSize,
                "\(written.count) bytes written, \(outcome.used) used")
        }
        return input[written.count...]
    }

    /// The errors that a parser may report, each with a context that the message under way and the frame's header bear out.
    private func checkError(_ error: ProtocolError, in message: [Frame], at header: ArraySlice<UInt8>) {
        let limits = self.limits(
            isCompressed: message.first?.isCompressed ?? (header.first.map { $0 & 0x40 != 0 } ?? false))
        require(CloseFrame.maxReason >= error.description.utf8.count, "long description: \(error)")
        switch error.code {
        case .reservedBits(let bits): require((1...7).contains(bits), "\(error)")
        case .reservedOpcode(let opcode): require(!Opcode(rawValue: opcode).isDefined, "\(error)")
        case .maskMissing: require(self.role == .server, "\(error)")
        case .maskUnexpected: require(self.role == .client, "\(error)")
        case .compressedContinuation: require(self.allowsCompression, "\(error)")
        case .invalidCloseCode(let code): require(!CloseCode(rawValue: code).isAllowedOnWire, "\(error)")
        case .frameTooBig(let size, let limit):
            require(limit == limits.maxFrameSize && size > limit && size == length(header), "\(error)")
        case .messageTooBig(let size, let limit):
            let (sum, overflow) = message.reduce(0) { $0 + $1.payload.count }.addingReportingOverflow(length(header))
            require(limit == limits.maxMessageSize && (overflow || sum > limit), "\(error)")
            require(size == (overflow ? .max : sum), "\(error)")
        case .tooManyFragments(let limit):
            require(limit == self.limits.maxFragments && message.count == limit, "\(error)")
        case .fragmentedControl, .controlTooLong, .lengthNotMinimal, .lengthTooLarge, .continuationWithoutMessage,
            .messageInterrupted, .invalidUTF8, .closePayloadOfOneByte:
            break
        case .closeReasonTooLong, .invalidDeflate, .inflatedTooBig, .inflationRatio:
            require(false, "\(error) is not of a parser")
        }
    }
}

/// The length that a header tells, which is known to be there.
private func length(_ header: ArraySlice<UInt8>) -> Int {
    let bytes = Array(header)
    let short = Int(bytes[1] & 0x7F)
    let count = short == 127 ? 8 : short == 126 ? 2 : 0
    return count == 0 ? short : bytes[2..<2 + count].reduce(0) { $0 << 8 | Int($1) }
}
