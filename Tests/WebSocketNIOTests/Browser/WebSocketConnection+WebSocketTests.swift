import NIOCore
import NIOEmbedded
import Synchronization
import Testing
import WebSocketCore
import WebSocketDeflate

@testable import WebSocketNIO

/// `connection.webSocket`: the browser's API on a connection that is there already.
@Suite(.timeLimit(.minutes(1)))
struct WebSocketConnectionWebSocketTests {
    private enum Told: Equatable {
        case open
        case message(MessageEvent.Data)
        case error
        case close(Int, Bool)
    }

    private func told(_ ws: WebSocket) -> AsyncStream<Told> {
        let (stream, continuation) = AsyncStream.makeStream(of: Told.self)
        ws.onopen = { _ in continuation.yield(.open) }
        ws.onmessage = { continuation.yield(.message($0.data)) }
        ws.onerror = { _ in continuation.yield(.error) }
        ws.onclose = {
            continuation.yield(.close($0.code, $0.wasClean))
            continuation.finish()
        }
        return stream
    }

    @Test func bothWays() async throws {
        try await Pair.with { pair in
            let ws = pair.server.webSocket
            var told = self.told(ws).makeAsyncIterator()
            #expect(await told.next() == .open)
            try await pair.client.send("hello")
            #expect(await told.next() == .message(.string("hello")))
            try ws.send("back")
            var messages = pair.client.messages.makeAsyncIterator()
            let back = try await messages.next()
            #expect(back == .text("back"))
            try ws.close(code: 3000)
            #expect(await pair.client.closed == Closure(code: 3000, wasClean: true))
            #expect(await told.next() == .close(3000, true))
            #expect(await told.next() == nil)
        }
    }

    /// Closed at once: by the closing handshake, like any open connection. The open event comes too late then.
    @Test func closedAtOnce() async throws {
        try await Pair.with { pair in
            try await pair.client.send("dropped")
            let ws = pair.server.webSocket
            try ws.send("first")
            try ws.close(code: 4001, reason: "no")
            #expect(ws.readyState == .closing)
            var messages = pair.client.messages.makeAsyncIterator()
            let first = try await messages.next()
            #expect(first == .text("first"))
            #expect(await pair.client.closed == Closure(code: 4001, reason: "no", wasClean: true))
            var told = self.told(ws).makeAsyncIterator()
            #expect(await told.next() == .close(4001, true))
        }
    }

    /// Messages that waited for a reader come first.
    @Test(arguments: [true, false])
    func whatWaited(isCompressed: Bool) async throws {
        let configuration = WebSocketConfiguration(compression: isCompressed ? .init(threshold: 0) : nil)
        try await Pair.with(
            server: configuration, client: configuration, compression: isCompressed ? PerMessageDeflate() : nil
        ) { pair in
            try await pair.client.send("1")
            try await pair.client.send(ByteBuffer(bytes: [2]))
            // The pong comes behind them.
            try await pair.client.ping()
            #expect(pair.server.queue?.count == 2)
            let ws = pair.server.webSocket
            try await pair.client.send("3")
            var told = self.told(ws).makeAsyncIterator()
            #expect(await told.next() == .open)
            #expect(await told.next() == .message(.string("1")))
            #expect(await told.next() == .message(.blob(Blob([2]))))
            #expect(await told.next() == .message(.string("3")))
        }
    }

    /// Half a message had arrived; some of it had been taken by a reader that stopped.
    @Test(arguments: [true, false], [true, false])
    func halfAMessage(isCompressed: Bool, isReaderFirst: Bool) async throws {
        let configuration = WebSocketConfiguration(compression: isCompressed ? .init(threshold: 0) : nil)
        try await Pair.with(
            server: configuration, client: configuration, compression: isCompressed ? PerMessageDeflate() : nil
        ) { pair in
            let text = (0..<2000).map { "\($0)" }.joined(separator: " ")
            let half = text.prefix(text.count / 2)
            let told = Mutex<AsyncStream<Told>?>(nil)
            try await pair.client.withMessage(.text) { writer in
                try await writer.write(ByteBuffer(string: String(half)))
                try await pair.client.ping()
                if isReaderFirst {
                    let reading = Task { try await pair.server.messages.first { _ in true } }
                    while (pair.server.queue?.count ?? 0) > 0 { await Task.yield() }
                    reading.cancel()
                    _ = try? await reading.value
                }
                let ws = pair.server.webSocket
                told.withLock { $0 = self.told(ws) }
                try await writer.write(ByteBuffer(string: String(text.dropFirst(half.count))))
            }
            var stream = try #require(told.withLock { $0 }).makeAsyncIterator()
            #expect(await stream.next() == .open)
            #expect(await stream.next() == .message(.string(text)))
        }
    }

    /// The queue was full, and the socket not read: it goes on. Compressed, all of it lies in one read, most of it not inflated.
    @Test(arguments: [true, false])
    func theQueueWasFull(isCompressed: Bool) async throws {
        let compression: DeflateConfiguration? = isCompressed ? .init(threshold: 0) : nil
        try await Pair.with(
            server: .init(receiveBuffer: 1000, compression: compression), client: .init(compression: compression),
            compression: isCompressed ? PerMessageDeflate() : nil
        ) { pair in
            // One is larger than what is inflated at once.
            let texts = (0..<100).map { "\($0)" + String(repeating: "x", count: $0 == 50 ? 200_000 : 3000) }
            let sending = Task { for text in texts { try await pair.client.send(text) } }
            while try await pair.server.eventLoop.submit({ !pair.server.handler.isReaderFull }).get() {}
            var told = self.told(pair.server.webSocket).makeAsyncIterator()
            #expect(await told.next() == .open)
            for text in texts { #expect(await told.next() == .message(.string(text))) }
            try await sending.value
        }
    }

    /// A connection that is gone: what waited is told, and how it ended.
    @Test func alreadyClosed() async throws {
        try await Pair.with { pair in
            try await pair.client.send("1")
            try await pair.client.close(code: 3000)
            #expect(await pair.server.closed.code == 3000)
            let told = self.told(pair.server.webSocket)
            var all: [Told] = []
            for await one in told { all.append(one) }
            #expect(all == [.open, .message(.string("1")), .close(3000, true)])
        }
    }

    /// Someone was reading: ends with the connection, and gets nothing any more.
    @Test func somebodyWasReading() async throws {
        try await Pair.with { pair in
            let reading = Task {
                var found: [WebSocketMessage] = []
                for try await message in pair.server.messages { found.append(message) }
                return found
            }
            while pair.server.queue?.hasReader != true { await Task.yield() }
            var told = self.told(pair.server.webSocket).makeAsyncIterator()
            #expect(await told.next() == .open)
            try await pair.client.send("1")
            #expect(await told.next() == .message(.string("1")))
            try await pair.client.close()
            #expect(await told.next() == .close(1000, true))
            #expect(try await reading.value == [])
        }
    }

    /// The newest gets the messages.
    @Test func another() async throws {
        try await Pair.with { pair in
            var first = self.told(pair.server.webSocket).makeAsyncIterator()
            #expect(await first.next() == .open)
            try await pair.client.send("1")
            #expect(await first.next() == .message(.string("1")))
            var second = self.told(pair.server.webSocket).makeAsyncIterator()
            #expect(await second.next() == .open)
            try await pair.client.send("2")
            #expect(await second.next() == .message(.string("2")))
        }
    }

    /// From within a handler's call: the rest of the read goes to the handler, the next one to the new owner, none to both.
    @Test func fromWithinAHandler() throws {
        let recorder = Recorder()
        var found: [String] = []
        var ws: WebSocket?
        nonisolated(unsafe) let note: (String) -> Void = { found.append($0) }
        recorder.onMessage = { connection, _, _ in
            guard ws == nil else { return }
            ws = connection.webSocket
            ws?.onmessage = { note("\($0.data)") }
        }
        let it = try Embedded(recorder: recorder)
        try it.receive(frame("1") + frame("2"))
        try it.receive(frame("3"))
        #expect(recorder.texts == ["1", "2"])
        #expect(found == ["3"])
    }

    /// No leak: the WebSocket, the connection and its handlers hold each other, until the close event.
    @Test func lettingGo() async throws {
        weak var gone: WebSocket?
        weak var goneConnection: WebSocketConnection?
        try await Pair.with { pair in
            let ws = pair.server.webSocket
            (gone, goneConnection) = (ws, pair.server)
            let told = self.told(ws)
            ws.addEventListener(.message) { _ in _ = ws.url }
            try await pair.client.close()
            for await _ in told {}
        }
        while gone != nil || goneConnection != nil { await Task.yield() }
    }
}
