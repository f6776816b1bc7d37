extension WebSocketConnection {
    /// The messages, whole, in the order in which they arrive.
    ///
    /// The sequence ends when the connection has closed cleanly (by whichever code: ``closed`` tells), and throws
    /// ``WebSocketError`` when it was lost or failed. One task reads at a time; a second one gets an error. A reader may stop
    /// and go on later, here or in ``chunks``: nothing is lost. Cancelling the task throws `CancellationError`, and leaves
    /// the connection open.
    public var messages: Messages { Messages(connection: self) }

    /// The messages in pieces, as they arrive: for messages that should not be held whole, of any size. Set
    /// ``WebSocketConfiguration/limits`` to what you expect. Otherwise as ``messages``.
    public var chunks: Chunks { Chunks(connection: self) }

    /// See ``WebSocketConnection/messages``.
    public struct Messages: AsyncSequence, Sendable {
        /// A whole message.
        public typealias Element = WebSocketMessage
        let connection: WebSocketConnection

        /// Makes an iterator; all iterators of a connection take from the same queue.
        public func makeAsyncIterator() -> Iterator { Iterator(reader: InboundQueue.Reader(self.connection)) }

        /// Takes messages one by one.
        public struct Iterator: AsyncIteratorProtocol {
            let reader: InboundQueue.Reader

            /// The next message; nil when the connection has closed cleanly.
            public mutating func next() async throws -> WebSocketMessage? {
                try await self.reader.connection.queue?.nextMessage(self.reader.connection)
            }
        }
    }

    /// See ``WebSocketConnection/chunks``.
    public struct Chunks: AsyncSequence, Sendable {
        /// A piece of a message.
        public typealias Element = WebSocketMessageChunk
        let connection: WebSocketConnection

        /// Makes an iterator; all iterators of a connection take from the same queue.
        public func makeAsyncIterator() -> Iterator { Iterator(reader: InboundQueue.Reader(self.connection)) }

        /// Takes pieces one by one.
        public struct Iterator: AsyncIteratorProtocol {
            let reader: InboundQueue.Reader

            /// The next piece; nil when the connection has closed cleanly.
            public mutating func next() async throws -> WebSocketMessageChunk? {
                try await self.reader.connection.queue?.next(self.reader.connection)
            }
        }
    }

    func resumeReading() {
        self.onLoop { handler in
            // It may be somebody else's by now.
            guard case .queue = handler.sink else { return }
            handler.isReaderFull = false
            handler.resumeInput()
        }
    }

    /// The last iterator is gone. A connection that is closing, and was held up by it, goes on.
    func readerLeft() {
        guard self.readyState == .closing else { return }
        self.onLoop { $0.resumeInput() }
    }

    func failTooLarge() {
        self.onLoop { $0.failTooLarge() }
    }
}
