import Synchronization
import WebSocketCore

extension WebSocket {
    /// Closes the connection (WebSockets standard, section 3.1, `close`): starts the closing handshake, or gives the attempt to
    /// connect up. Does nothing when the connection is closing or closed. The close event follows.
    ///
    /// - Parameters:
    ///   - code: 1000, or 3000 to 4999; nil for none.
    ///   - reason: At most 123 bytes of UTF-8.
    /// - Throws: ``DOMException``: InvalidAccessError for another code, SyntaxError for a longer reason; then nothing happens.
    public func close(code: Int? = nil, reason: String = "") throws(DOMException) {
        if let code, code != 1000, !(3000...4999).contains(code) {
            throw DOMException(
                "the code must be 1000, or between 3000 and 4999, not \(code)", name: .invalidAccessError)
        }
        guard reason.utf8.count <= CloseFrame.maxReason else {
            throw DOMException(
                "the reason has \(reason.utf8.count) bytes, more than \(CloseFrame.maxReason)", name: .syntaxError)
        }
        enum Step {
            case nothing
            case giveUp((@Sendable () -> Void)?)
            case close(WebSocketConnection)
        }
        let step: Step = self.shared.withLock { shared in
            switch shared.readyState {
            case .connecting:
                shared.readyState = .closing
                shared.isGivenUp = true
                return .giveUp(shared.giveUp.take())
            case .open:
                shared.readyState = .closing
                return shared.connection.map { .close($0) } ?? .nothing
            case .closing, .closed: return .nothing
            }
        }
        switch step {
        case .nothing: break
        case .giveUp(let giveUp): giveUp?()
        case .close(let connection):
            // A reason needs a code in front of it.
            let frame: CloseFrame =
                if code == nil && reason.isEmpty {
                    .empty
                } else {
                    (try? CloseFrame(code: CloseCode(rawValue: UInt16(code ?? 1000)), reason: reason)) ?? .empty
                }
            connection.startClosing(frame)
        }
    }

    /// On the loop: fails an open connection.
    func fail(_ error: any Error) {
        guard !self.onLoop.isClosed else { return }
        if self.onLoop.failure == nil { self.onLoop.failure = error }
        let connection = self.shared.withLock { shared in
            if shared.readyState == .open { shared.readyState = .closing }
            return shared.connection
        }
        connection?.abort()
    }

    /// The attempt to connect failed, or was given up.
    ///
    /// - Parameter error: Why.
    package func failed(_ error: any Error) {
        self.run { self.end(Closure.abnormal, error) }
    }
}
