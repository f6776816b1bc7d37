/// Bytes in, payload out: the frame and message rules of RFC 6455 (sections 5 and 8.1) for one direction.
///
/// It works in place on the caller's bytes: it unmasks there, and reports what it found as ranges. It keeps some 60 bytes
/// of state, owns no payload, copies none and allocates nothing. A data frame is reported as its bytes arrive, in one
/// ``Event/data(_:)`` or several; a control frame only whole, so that of an incomplete one (and of an incomplete header)
/// at most 130 bytes stay with the caller.
public struct FrameParser: Sendable {
    /// A piece of a message.
    public struct Data: Hashable, Sendable {
        /// Where the payload lies in the region, unmasked.
        public var range: Range<Int>
        /// ``Opcode/text`` or ``Opcode/binary``.
        public var opcode: Opcode
        /// Whether the message starts here.
        public var isFirst: Bool
        /// Whether the message ends here.
        public var isLast: Bool
        /// Whether the message is compressed (RSV1). Its text is not checked here: it has to be inflated first.
        public var isCompressed: Bool
        /// How many bytes of the frame are still to come.
        public var remainingInFrame: Int

        @inlinable
        package init(
            range: Range<Int>, opcode: Opcode, isFirst: Bool, isLast: Bool, isCompressed: Bool, remainingInFrame: Int
        ) {
            self.range = range
            self.opcode = opcode
            self.isFirst = isFirst
            self.isLast = isLast
            self.isCompressed = isCompressed
            self.remainingInFrame = remainingInFrame
        }
    }

    /// What a step found.
    public enum Event: Hashable, Sendable {
        /// Nothing more can be told from the region. What lies behind the offset is kept by the caller, and presented again
        /// in front of what comes next.
        case needsMoreBytes
        /// A message, or a piece of one.
        case data(Data)
        /// A ping; the range is its payload, which the pong must carry.
        case ping(Range<Int>)
        /// A pong.
        case pong(Range<Int>)
        /// A Close frame. Nothing that follows it is to be parsed.
        case close(CloseFrame)
        /// A rule was broken. Nothing that follows is to be parsed.
        case failure(ProtocolError)
    }

    @usableFromInline let expectsMask: Bool
    @usableFromInline let allowsCompression: Bool
    @usableFromInline let limits: Limits

    // The frame whose payload is being taken in; `remaining` is -1 between frames.
    @usableFromInline var remaining: Int = -1
    @usableFromInline var key: UInt32 = 0
    @usableFromInline var isFinal = false
    // The message under way: its opcode, or `continuation` when there is none.
    @usableFromInline var message: Opcode = .continuation
    @usableFromInline var isCompressed = false
    @usableFromInline var isFirst = false
    @usableFromInline var messageSize = 0
    @usableFromInline var fragments = 0
    @usableFromInline var utf8 = UTF8Validator()

    /// Makes a parser for what this role receives.
    ///
    /// - Parameters:
    ///   - role: This end's role: a server expects masked frames, a client unmasked ones.
    ///   - limits: How much is accepted.
    ///   - allowsCompression: Whether RSV1 was negotiated (RFC 7692).
    public init(role: Role, limits: Limits = Limits(), allowsCompression: Bool = false) {
        self.expectsMask = role == .server
        self.limits = limits
        self.allowsCompression = allowsCompression
    }

    /// Whether a data frame is under way, whose payload goes on at the next byte.
    @inlinable
    public var isInsideFrame: Bool { self.remaining >= 0 }

    /// Takes the next step.
    ///
    /// - Parameters:
    ///   - bytes: What has arrived. Payload is unmasked in it.
    ///   - offset: Where to go on in it; moved behind what was used.
    /// - Returns: What was found. Call again until ``Event/needsMoreBytes``, ``Event/close(_:)`` or ``Event/failure(_:)``.
    @inlinable
    public mutating func next(in bytes: UnsafeMutableRawBufferPointer, at offset: inout Int) -> Event {
        if self.remaining >= 0 {
            return self.takePayload(bytes, &offset)
        }
        let available = bytes.count &- offset
        guard available >= 2, let start = bytes.baseAddress else { return .needsMoreBytes }
        // Every load below is at less than `size`, which is compared with `available` first.
        let base = start + offset
        let first = base.load(as: UInt8.self)
        let second = base.load(fromByteOffset: 1, as: UInt8.self)
        let opcode = Opcode(rawValue: first & 0x0F)
        let isMasked = second & 0x80 != 0
        var length = Int(second & 0x7F)

        // What two bytes can tell is told at once, before the rest of the header is waited for.
        if let error = self.check(first: first, opcode: opcode, isMasked: isMasked, length: length) {
            return .failure(error)
        }
        var size = 2
        if length == 126 {
            guard available >= 4 else { return .needsMoreBytes }
            length = Int(UInt16(bigEndian: base.loadUnaligned(fromByteOffset: 2, as: UInt16.self)))
            guard length >= 126 else { return .failure(ProtocolError(.lengthNotMinimal)) }
            size = 4
        } else if length == 127 {
            guard available >= 10 else { return .needsMoreBytes }
            let wide = UInt64(bigEndian: base.loadUnaligned(fromByteOffset: 2, as: UInt64.self))
            guard wide <= UInt64(Int64.max) else { return .failure(ProtocolError(.lengthTooLarge)) }
            guard wide > 0xFFFF else { return .failure(ProtocolError(.lengthNotMinimal)) }
            length = Int(wide)
            size = 10
        }
        if opcode.isControl {
            let whole = (isMasked ? 6 : 2) &+ length
            guard available >= whole else { return .needsMoreBytes }
            return self.takeControl(opcode, base, whole: whole, count: length, bytes, &offset)
        }
        let isCompressed = opcode == .continuation ? self.isCompressed : first & 0x40 != 0
        if let error = self.checkLimits(opcode: opcode, length: length, isCompressed: isCompressed) {
            return .failure(error)
        }
        if isMasked {
            guard available >= size &+ 4 else { return .needsMoreBytes }
            self.key = UInt32(littleEndian: base.loadUnaligned(fromByteOffset: size, as: UInt32.self))
            size &+= 4
        }
        if opcode != .continuation {
            self.message = opcode
            self.isCompressed = isCompressed
            self.isFirst = true
            self.messageSize = 0
            self.fragments = 0
            self.utf8 = UTF8Validator()
        }
        self.isFinal = first & 0x80 != 0
        self.messageSize &+= length
        self.fragments &+= 1
        self.remaining = length
        offset &+= size
        return self.takePayload(bytes, &offset)
    }

    /// The rules that a frame's first two bytes can break (sections 5.1, 5.2, 5.4, 5.5).
    @inlinable
    func check(first: UInt8, opcode: Opcode, isMasked: Bool, length: Int) -> ProtocolError? {
        if first & 0x70 != 0 {
            let isAllowed = first & 0x30 == 0 && self.allowsCompression && !opcode.isControl
            guard isAllowed else { return ProtocolError(.reservedBits(first >> 4 & 0x7)) }
            guard opcode != .continuation else { return ProtocolError(.compressedContinuation) }
        }
        guard opcode.isDefined else { return ProtocolError(.reservedOpcode(opcode.rawValue)) }
        guard isMasked == self.expectsMask else {
            return ProtocolError(self.expectsMask ? .maskMissing : .maskUnexpected)
        }
        if opcode.isControl {
            guard first & 0x80 != 0 else { return ProtocolError(.fragmentedControl) }
            guard length <= FrameHeader.maxControlPayload else { return ProtocolError(.controlTooLong) }
        } else if opcode == .continuation {
            guard self.message != .continuation else { return ProtocolError(.continuationWithoutMessage) }
        } else {
            guard self.message == .continuation else { return ProtocolError(.messageInterrupted) }
        }
        return nil
    }

    /// The limits, from the header alone.
    @inlinable
    func checkLimits(opcode: Opcode, length: Int, isCompressed: Bool) -> ProtocolError? {
        let before = opcode == .continuation ? self.messageSize : 0
        if length <= self.limits.maxFrameSize, length <= self.limits.maxMessageSize,
            before <= self.limits.maxMessageSize &- length
        {
            guard opcode != .continuation || self.fragments < self.limits.maxFragments else {
                return ProtocolError(.tooManyFragments(limit: self.limits.maxFragments))
            }
            return nil
        }
        return self.checkBeyondLimits(opcode: opcode, length: length, before: before, isCompressed: isCompressed)
    }

    /// What is larger than the limits may still be allowed, if it travels compressed. The sums cannot overflow where they are
    /// not checked: each side is at most `Int.max`.
    @usableFromInline
    func checkBeyondLimits(opcode: Opcode, length: Int, before: Int, isCompressed: Bool) -> ProtocolError? {
        var (maxFrame, maxMessage) = (self.limits.maxFrameSize, self.limits.maxMessageSize)
        if isCompressed { (maxFrame, maxMessage) = (Limits.onWire(maxFrame), Limits.onWire(maxMessage)) }
        guard length <= maxFrame else { return ProtocolError(.frameTooBig(size: length, limit: maxFrame)) }
        guard length <= maxMessage, before <= maxMessage &- length else {
            let (sum, overflow) = before.addingReportingOverflow(length)
            return ProtocolError(.messageTooBig(size: overflow ? .max : sum, limit: maxMessage))
        }
        guard opcode != .continuation || self.fragments < self.limits.maxFragments else {
            return ProtocolError(.tooManyFragments(limit: self.limits.maxFragments))
        }
        return nil
    }

    /// Takes what has arrived of the frame's payload.
    @inlinable
    mutating func takePayload(_ bytes: UnsafeMutableRawBufferPointer, _ offset: inout Int) -> Event {
        let lower = offset
        let count = Swift.min(self.remaining, bytes.count &- lower)
        let endsFrame = count == self.remaining
        guard count > 0 || endsFrame else { return .needsMoreBytes }
        if count > 0, let start = bytes.baseAddress {
            if self.expectsMask {
                self.key = Masking.apply(start + lower, count: count, key: self.key)
            }
            if self.message == .text && !self.isCompressed {
                let text = UnsafeRawBufferPointer(start: UnsafeRawPointer(start + lower), count: count)
                guard self.utf8.validate(text) else { return .failure(ProtocolError(.invalidUTF8)) }
            }
        }
        offset = lower &+ count
        let event = Data(
            range: Range(uncheckedBounds: (lower, lower &+ count)), opcode: self.message, isFirst: self.isFirst,
            isLast: endsFrame && self.isFinal, isCompressed: self.isCompressed,
            remainingInFrame: self.remaining &- count)
        self.isFirst = false
        self.remaining = endsFrame ? -1 : self.remaining &- count
        if event.isLast {
            if self.message == .text && !self.isCompressed && !self.utf8.isComplete {
                return .failure(ProtocolError(.invalidUTF8))
            }
            self.message = .continuation
        }
        return .data(event)
    }

    /// Takes a control frame, all of which has arrived.
    @usableFromInline
    mutating func takeControl(
        _ opcode: Opcode, _ base: UnsafeMutableRawPointer, whole: Int, count: Int,
        _ bytes: UnsafeMutableRawBufferPointer, _ offset: inout Int
    ) -> Event {
        let payload = base + (whole - count)
        if self.expectsMask {
            let key = UInt32(littleEndian: base.loadUnaligned(fromByteOffset: 2, as: UInt32.self))
            _ = Masking.apply(payload, count: count, key: key)
        }
        offset += whole
        let range = offset - count..<offset
        switch opcode {
        case .ping: return .ping(range)
        case .pong: return .pong(range)
        default:
            do {
                return .close(try CloseFrame(parsing: UnsafeRawBufferPointer(start: payload, count: count)))
            } catch {
                return .failure(error)
            }
        }
    }
}
