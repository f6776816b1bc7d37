/// The closing handshake (RFC 6455, section 7) and the end of the connection, as a state machine. Time is given in
/// nanoseconds of any clock that only goes forward; the one deadline it asks for is ``deadline``.
public struct ClosingStateMachine: ~Copyable, Sendable {
    /// What the driver has to do with the connection.
    public enum Action: Sendable, Hashable {
        /// Nothing.
        case none
        /// Write this Close frame; go on reading.
        case write(CloseFrame)
        /// Write this Close frame, then close the connection.
        case writeAndClose(CloseFrame)
        /// Write this Close frame, then end the writing side, and read on (throwing everything away) until the peer ends
        /// its side: closing at once could make the kernel take the frame back with a reset.
        case writeAndEndOutput(CloseFrame)
        /// End the writing side, and read on as above.
        case endOutput
        /// Close the connection.
        case close
    }

    enum State: ~Copyable, Sendable {
        /// Messages go both ways.
        case open
        /// Our Close frame is out, the peer's is awaited.
        case closeSent(deadline: UInt64)
        /// Both are exchanged; the connection itself is still to end.
        case closeExchanged(Closure, deadline: UInt64)
        /// The peer broke a rule, and was told.
        case failed(ProtocolError, deadline: UInt64)
        /// The connection is gone.
        case closed(Closure)
    }

    /// The phases that matter outside.
    public enum Phase: Sendable, Hashable {
        /// Messages go both ways.
        case open
        /// The closing handshake is under way: nothing more may be sent.
        case closing
        /// The connection is gone.
        case closed
    }

    private let role: Role
    private let state: State

    /// Makes the machine of an open connection.
    ///
    /// - Parameter role: This end's role. The server closes the TCP connection first (section 7.1.1).
    public init(role: Role) {
        self.init(role, .open)
    }

    private init(_ role: Role, _ state: consuming State) {
        self.role = role
        self.state = state
    }

    /// Where the connection stands.
    public var phase: Phase {
        switch self.state {
        case .open: .open
        case .closed: .closed
        default: .closing
        }
    }

    /// Whether what arrives has still to be parsed, and messages are handed on: until the peer's Close frame, or its first
    /// error. A peer may go on sending until it has seen this end's Close frame (section 5.5.1).
    public var isParsing: Bool {
        switch self.state {
        case .open: true
        case .closeSent: true
        default: false
        }
    }

    /// When to call ``deadlineReached()``, if anything.
    public var deadline: UInt64? {
        switch self.state {
        case .closeSent(let deadline): deadline
        case .closeExchanged(_, let deadline): deadline
        case .failed(_, let deadline): deadline
        default: nil
        }
    }

    /// How the connection ended, once it has.
    public var closure: Closure? {
        switch self.state {
        case .closed(let closure): closure
        default: nil
        }
    }

    /// This end wants to close.
    ///
    /// - Parameters:
    ///   - frame: The Close frame to send.
    ///   - deadline: Until when the handshake has to be done.
    public mutating func close(_ frame: CloseFrame, deadline: UInt64) -> Action {
        switch consume self.state {
        case .open:
            self = ClosingStateMachine(self.role, .closeSent(deadline: deadline))
            return .write(frame)
        case .closeSent(let old):
            // Asked for again, with less patience, as a server does that shuts down.
            self = ClosingStateMachine(self.role, .closeSent(deadline: min(old, deadline)))
            return .none
        case .closeExchanged(let closure, let old):
            self = ClosingStateMachine(self.role, .closeExchanged(closure, deadline: min(old, deadline)))
            return .none
        case .failed(let error, let old):
            self = ClosingStateMachine(self.role, .failed(error, deadline: min(old, deadline)))
            return .none
        case .closed(let closure):
            self = ClosingStateMachine(self.role, .closed(closure))
            return .none
        }
    }

    /// The peer's Close frame has arrived.
    ///
    /// - Parameters:
    ///   - frame: What it held. It is echoed.
    ///   - deadline: Until when the connection has to be gone.
    public mutating func received(_ frame: CloseFrame, deadline: UInt64) -> Action {
        let closure = Closure(code: frame.code ?? .noStatusReceived, reason: frame.reason, wasClean: true)
        switch consume self.state {
        case .open:
            self = ClosingStateMachine(self.role, .closeExchanged(closure, deadline: deadline))
            return self.role == .server ? .writeAndClose(frame) : .write(frame)
        case .closeSent(let deadline):
            self = ClosingStateMachine(self.role, .closeExchanged(closure, deadline: deadline))
            return self.role == .server ? .close : .none
        case .closeExchanged(let closure, let deadline):
            self = ClosingStateMachine(self.role, .closeExchanged(closure, deadline: deadline))
            return .none
        case .failed(let error, let deadline):
            self = ClosingStateMachine(self.role, .failed(error, deadline: deadline))
            return .none
        case .closed(let closure):
            self = ClosingStateMachine(self.role, .closed(closure))
            return .none
        }
    }

    /// The peer broke a rule (section 7.1.7).
    ///
    /// - Parameters:
    ///   - error: Which; its close code is sent.
    ///   - deadline: Until when the connection has to be gone.
    public mutating func fail(_ error: ProtocolError, deadline: UInt64) -> Action {
        switch consume self.state {
        case .open:
            self = ClosingStateMachine(self.role, .failed(error, deadline: deadline))
            return .writeAndEndOutput(CloseFrame(unchecked: error.closeCode, reason: error.description))
        case .closeSent(let old):
            self = ClosingStateMachine(self.role, .failed(error, deadline: min(old, deadline)))
            return .endOutput
        case .closeExchanged(let closure, let deadline):
            self = ClosingStateMachine(self.role, .closeExchanged(closure, deadline: deadline))
            return .none
        case .failed(let error, let deadline):
            self = ClosingStateMachine(self.role, .failed(error, deadline: deadline))
            return .none
        case .closed(let closure):
            self = ClosingStateMachine(self.role, .closed(closure))
            return .none
        }
    }

    /// The peer ended its side of the connection, or the connection is gone altogether.
    public mutating func transportEnded() -> Action {
        switch consume self.state {
        case .open:
            self = ClosingStateMachine(self.role, .closed(.abnormal))
            return .close
        case .closeSent:
            self = ClosingStateMachine(self.role, .closed(.abnormal))
            return .close
        case .closeExchanged(let closure, _):
            self = ClosingStateMachine(self.role, .closed(closure))
            return .close
        case .failed(let error, _):
            self = ClosingStateMachine(
                self.role, .closed(Closure(code: .abnormalClosure, wasClean: false, error: error)))
            return .close
        case .closed(let closure):
            self = ClosingStateMachine(self.role, .closed(closure))
            return .none
        }
    }

    /// ``deadline`` has come: the peer did not do its part, and is not waited for any more.
    public mutating func deadlineReached() -> Action {
        self.phase == .closing ? self.transportEnded() : .none
    }
}
