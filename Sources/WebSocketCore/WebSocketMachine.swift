/// One end of a WebSocket connection after the opening handshake: bytes in, events and actions out (RFC 6455).
///
/// It does no I/O, knows no clock and makes no random numbers; a driver hands it what arrives, does what it says, and
/// calls ``deadlineReached()`` when ``deadline`` has come. It is not thread-safe: it belongs to its connection's loop.
public struct WebSocketMachine: ~Copyable, Sendable {
    /// The default of how long the closing handshake may take, in nanoseconds: 10 seconds.
    public static let defaultCloseTimeout: UInt64 = 10_000_000_000

    /// What a step found.
    public enum Event: Hashable, Sendable {
        /// Nothing more can be told from the region; the caller keeps what lies behind the offset.
        case needsMoreBytes
        /// A message, or a piece of one.
        case data(FrameParser.Data)
        /// A ping: answer it with ``FrameHeader`` and the payload in the range.
        case ping(Range<Int>)
        /// A pong.
        case pong(Range<Int>)
        /// The closing handshake goes on, or the connection fails. Do what the action says; nothing more is parsed.
        case closing(ClosingStateMachine.Action)
        /// Nothing is parsed any more: what arrived is to be thrown away.
        case discard
    }

    /// This end's role.
    public let role: Role
    /// How long the closing handshake may take, in nanoseconds.
    public let closeTimeout: UInt64

    @usableFromInline var parser: FrameParser
    @usableFromInline var isParsing = true
    private var closing: ClosingStateMachine

    /// Makes the machine of a connection whose opening handshake is done.
    ///
    /// - Parameters:
    ///   - role: This end's role.
    ///   - limits: How much is accepted from the peer.
    ///   - allowsCompression: Whether RSV1 was negotiated.
    ///   - closeTimeout: How long the closing handshake may take, in nanoseconds.
    public init(
        role: Role, limits: Limits = Limits(), allowsCompression: Bool = false,
        closeTimeout: UInt64 = WebSocketMachine.defaultCloseTimeout
    ) {
        self.role = role
        self.closeTimeout = closeTimeout
        self.parser = FrameParser(role: role, limits: limits, allowsCompression: allowsCompression)
        self.closing = ClosingStateMachine(role: role)
    }

    /// Where the connection stands.
    public var phase: ClosingStateMachine.Phase { self.closing.phase }
    /// When to call ``deadlineReached()``, in the nanoseconds of `now`.
    public var deadline: UInt64? { self.closing.deadline }
    /// How the connection ended, once it has.
    public var closure: Closure? { self.closing.closure }
    /// Whether a data frame is under way, whose payload goes on at the next byte.
    @inlinable
    public var isInsideFrame: Bool { self.parser.isInsideFrame }

    /// Takes the next step in what has arrived.
    ///
    /// - Parameters:
    ///   - bytes: What has arrived, behind what was kept of earlier. Payload is unmasked in it.
    ///   - offset: Where to go on in it; moved behind what was used.
    ///   - now: The time in nanoseconds.
    /// - Returns: What was found. Call again after `data`, `ping` and `pong`.
    @inlinable
    public mutating func next(in bytes: UnsafeMutableRawBufferPointer, at offset: inout Int, now: UInt64) -> Event {
        guard self.isParsing else {
            offset = bytes.count
            return .discard
        }
        switch self.parser.next(in: bytes, at: &offset) {
        case .needsMoreBytes: return .needsMoreBytes
        case .data(let data): return .data(data)
        case .ping(let range): return .ping(range)
        case .pong(let range): return .pong(range)
        case .close(let frame): return self.received(frame, now: now)
        case .failure(let error): return .closing(self.fail(error, now: now))
        }
    }

    @usableFromInline
    mutating func received(_ frame: CloseFrame, now: UInt64) -> Event {
        let action = self.closing.received(frame, deadline: self.deadline(from: now))
        self.isParsing = self.closing.isParsing
        return .closing(action)
    }

    /// Fails the connection for a broken rule that was found outside of the core, such as bad compressed data.
    public mutating func fail(_ error: ProtocolError, now: UInt64) -> ClosingStateMachine.Action {
        let action = self.closing.fail(error, deadline: self.deadline(from: now))
        self.isParsing = self.closing.isParsing
        return action
    }

    /// Starts the closing handshake.
    ///
    /// - Parameters:
    ///   - frame: The Close frame to send.
    ///   - timeout: How long the handshake may take, in nanoseconds; nil for ``closeTimeout``.
    ///   - now: The time in nanoseconds.
    public mutating func close(_ frame: CloseFrame, timeout: UInt64? = nil, now: UInt64) -> ClosingStateMachine.Action {
        self.closing.close(frame, deadline: self.deadline(from: now, after: timeout))
    }

    /// The peer ended its side of the connection, or the connection is gone.
    public mutating func transportEnded() -> ClosingStateMachine.Action {
        self.isParsing = false
        return self.closing.transportEnded()
    }

    /// ``deadline`` has come.
    public mutating func deadlineReached() -> ClosingStateMachine.Action {
        let action = self.closing.deadlineReached()
        self.isParsing = self.closing.isParsing
        return action
    }

    /// The end of time where the sum is beyond it: wrapped around, an endless timeout would be over at once.
    private func deadline(from now: UInt64, after timeout: UInt64? = nil) -> UInt64 {
        let (sum, overflow) = now.addingReportingOverflow(timeout ?? self.closeTimeout)
        return overflow ? .max : sum
    }
}
