import Synchronization
public import WebSocketNIO

extension ReconnectingWebSocket {
    /// The messages of one connection after the other. The peer is slowed down while nobody takes them. The sequence ends when
    /// the WebSocket was closed by this end, and throws what ``run()`` throws when it does not come back; `CancellationError`
    /// when the task is cancelled, which leaves the WebSocket as it is. Between two connections messages may be missing: the
    /// peer must be asked for them.
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
                    guard let (connection, generation) = try await self.socket.connection(after: self.generation) else {
                        return nil
                    }
                    self.generation = generation
                    self.current = connection.messages.makeAsyncIterator()
                }
            }
        }
    }

    /// Waits until there is a connection; returns at once when there is one.
    ///
    /// - Throws: What ``run()`` throws when there will be none, `WebSocketError` when it was closed, `CancellationError`.
    @discardableResult
    public func waitForConnection() async throws -> WebSocketConnection {
        guard let (connection, _) = try await self.connection(after: -1) else { throw WebSocketError(.closed(nil)) }
        return connection
    }

    /// Waits for a connection that is newer than one that is known; nil when there will be none.
    fileprivate func connection(after generation: Int) async throws -> (WebSocketConnection, Int)? {
        while true {
            try Task.checkCancellation()
            enum Step {
                case found(WebSocketConnection, Int)
                case ended((any Error)?)
                case wait
            }
            let step: Step = self.inner.withLock { inner in
                if let connection = inner.connection, inner.generation > generation {
                    return .found(connection, inner.generation)
                }
                return inner.hasEnded ? .ended(inner.failure) : .wait
            }
            switch step {
            case .found(let connection, let number): return (connection, number)
            case .ended(let error?): throw error
            case .ended(nil): return nil
            case .wait: await self.waitForChange(generation)
            }
        }
    }

    /// Returns when the state has changed, or the task is cancelled.
    private func waitForChange(_ generation: Int) async {
        let id = self.inner.withLock { inner in
            inner.lastReader += 1
            return inner.lastReader
        }
        await withTaskCancellationHandler {
            await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
                let mustResume = self.inner.withLock { inner in
                    let isNew = inner.connection != nil && inner.generation > generation
                    guard !isNew && !inner.hasEnded && !Task.isCancelled else { return true }
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
