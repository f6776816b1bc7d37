public import NIOCore
import Synchronization
import WebSocketCore

extension WebSocket {
    /// Sends a text message (WebSockets standard, section 3.1, `send`). What is sent from one thread keeps its order.
    ///
    /// - Parameter data: The text.
    /// - Throws: ``DOMException``, InvalidStateError, while the connection is not open yet. Once it is closing, the message goes
    ///   nowhere, and counts in ``bufferedAmount``.
    public func send(_ data: String) throws(DOMException) {
        try self.send(ByteBuffer(string: data), as: .text)
    }

    /// Sends a binary message; see ``send(_:)-(String)``.
    ///
    /// - Parameter data: The bytes.
    public func send(_ data: ByteBuffer) throws(DOMException) {
        try self.send(data, as: .binary)
    }

    /// Sends a binary message; see ``send(_:)-(String)``.
    ///
    /// - Parameter data: The bytes.
    public func send(_ data: some Collection<UInt8>) throws(DOMException) {
        try self.send(ByteBuffer(bytes: data), as: .binary)
    }

    /// Sends a binary message; see ``send(_:)-(String)``.
    ///
    /// - Parameter data: The bytes; their type is not sent.
    public func send(_ data: Blob) throws(DOMException) {
        try self.send(data.buffer, as: .binary)
    }

    private func send(_ bytes: ByteBuffer, as kind: WebSocketMessage.Kind) throws(DOMException) {
        let count = bytes.readableBytes
        enum Step {
            case tooEarly
            case tooLate
            case full(WebSocketConnection?)
            case go(WebSocketConnection)
        }
        let step: Step = self.shared.withLock { shared in
            guard shared.readyState != .connecting else { return .tooEarly }
            guard shared.readyState == .open, let connection = shared.connection, connection.readyState == .open else {
                shared.dropped += count
                return .tooLate
            }
            let waiting = shared.inTransit + shared.waiting
            guard waiting == 0 || waiting + count <= self.maxSendBuffer else {
                shared.dropped += count
                return .full(connection)
            }
            shared.inTransit += count
            return .go(connection)
        }
        switch step {
        case .tooEarly:
            throw DOMException("the connection is not open yet", name: .invalidStateError)
        case .tooLate: break
        case .full: self.run { self.fail(WebSocketError(.sendBufferFull(self.maxSendBuffer))) }
        case .go(let connection):
            self.run { self.arrive(bytes, kind, connection) }
        }
    }

    /// On the loop: sends.
    private func arrive(_ bytes: ByteBuffer, _ kind: WebSocketMessage.Kind, _ connection: WebSocketConnection) {
        let count = bytes.readableBytes
        let handler = connection.handler
        let isOpen = handler.isOpen
        self.shared.withLock { shared in
            shared.inTransit -= count
            if isOpen { shared.waiting += count } else { shared.dropped += count }
        }
        guard isOpen else { return }
        handler.isAmountWatched = true
        handler.enqueueMessage(kind == .text ? .text : .binary, bytes, compress: true)
    }

    /// On the loop: so many bytes wait there, frame headers included. What waits of the payload is no more than that.
    func amountChanged(_ waiting: Int) {
        self.shared.withLock { $0.waiting = Swift.min($0.waiting, waiting) }
    }
}
