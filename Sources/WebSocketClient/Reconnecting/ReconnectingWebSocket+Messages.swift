import Synchronization
public import WebSocketNIO

extension ReconnectingWebSocket {
    /// The messages of one connection after the other. The peer is slowed down while nobody takes them. The sequence ends when
    /// the WebSocket was closed by this end, and throws what ``run()`` throws when it does not come back; `CancellationError`
    /// when the task is cancelled, which leaves the WebSocket as it is. Between two connections messages may be missing: the
    /// peer must be asked for them. Of the last one, whatever has arrived is still there for a
    /// reader that comes late.
    public var messages: Messages { Messages(socket: self) }

    /// See ``ReconnectingWebSocket/messages``.
    public struct Messages: AsyncSequence, Sendable {
        /// A whole message.
        public typealias Element = WebSocketMessage
        let socket: ReconnectingWebSocket

        /// Makes an iterator; one at a time is to be used.
        public func makeAsyncIterator() -> Iterator { Iterator(socket: self.socket) }

        /// Takes messages one by one.
        public struct Iterator: AsyncIteratorProtocol {
            let socket: ReconnectingWebSocket
            private var current: WebSocketConnection.Messages.Iterator?
            private var generation = 0

            init(socket: ReconnectingWebSocket) {
                self.socket = socket
            }

            /// The next message; nil at the end.
            public mutating func next() async throws -> WebSocketMessage? {
                while true {
                    if self.current != nil {
                        do {
                            if let message = try await self.current?.next() { return message }
                        } catch let error as WebSocketError where error.isClosed {
                            // It was lost: the next connection may follow.
                        }
                        self.current = nil
                    }
                    let known = self.generation
                    // The last one even if it is gone: something may have arrived on it.
                    let next = try await self.socket.first { inner in
                        inner.generation > known ? inner.latest.map { ($0, inner.generation) } : nil
                    }
                    guard let next else { return nil }
                    self.generation = next.1
                    self.current = next.0.messages.makeAsyncIterator()
                }
            }
        }
    }

    /// Waits until there is a connection; returns at once when there is one.
    ///
    /// - Throws: What ``run()`` throws when there will be none, `WebSocketError` when it was closed, `CancellationError`.
    @discardableResult
    public func waitForConnection() async throws -> WebSocketConnection {
        guard let connection = try await self.first({ $0.connection }) else { throw WebSocketError(.closed(nil)) }
        return connection
    }

    /// Waits until there is something; nil when there will be nothing any more.
    fileprivate func first<T: Sendable>(_ look: @Sendable (borrowing Inner) -> T?) async throws -> T? {
        while true {
            try Task.checkCancellation()
            let found = self.inner.withLock { inner in
                look(inner).map { Step.found($0) } ?? (inner.hasEnded ? .ended(inner.failure) : .wait)
            }
            switch found {
            case .found(let value): return value
            case .ended(let error?): throw error
            case .ended(nil): return nil
            case .wait: await self.waitForChange { look($0) != nil }
            }
        }
    }

    private enum Step<T: Sendable>: Sendable {
        case found(T)
        case ended((any Error)?)
        case wait
    }

    /// Returns when the state has changed, or the task is cancelled.
    private func waitForChange(unless isThere: @Sendable (borrowing Inner) -> Bool) async {
        let id = self.inner.withLock { inner in
            inner.lastReader += 1
            return inner.lastReader
        }
        await withTaskCancellationHandler {
            await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
                let mustResume = self.inner.withLock { inner in
                    guard !isThere(inner) && !inner.hasEnded && !Task.isCancelled else { return true }
                    inner.readers[id] = continuation
                    return false
                }
                if mustResume { continuation.resume() }
            }
        } onCancel: {
            let reader = self.inner.withLock { $0.readers.removeValue(forKey: id) }
            reader?.resume()
        }
    }
}
