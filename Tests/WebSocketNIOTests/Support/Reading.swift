import HTTPTypes
import NIOCore
import NIOEmbedded
import WebSocketCore
import WebSocketDeflate

@testable import WebSocketNIO

/// A connection on a channel without sockets whose messages are read by tasks: the event loop is a thread of its own, and
/// takes a turn only when it is asked to.
struct Reading: Sendable {
    let channel: NIOAsyncTestingChannel
    let connection: WebSocketConnection
    let queue: InboundQueue
    let role: Role

    /// Makes a connection, and cuts it when the closure is done.
    static func with<Result: Sendable>(
        _ role: Role = .server, configuration: WebSocketConfiguration = .init(), compression: PerMessageDeflate? = nil,
        _ body: (Reading) async throws -> Result
    ) async throws -> Result {
        let channel = NIOAsyncTestingChannel()
        try await channel.connect(to: SocketAddress(ipAddress: "192.0.2.1", port: 80)).get()
        let connection = try await channel.testingEventLoop.executeInContext {
            try channel.pipeline.syncOperations.addHandler(HalfClosure())
            return try WebSocketConnection.start(
                on: channel, position: .last, role: role,
                handshake: .init(request: HTTPRequest(method: .get, scheme: "http", authority: "a", path: "/")),
                compression: compression, configuration: configuration, delivery: .reader)
        }
        guard let queue = connection.queue else { fatalError("a reader has a queue") }
        let it = Reading(channel: channel, connection: connection, queue: queue, role: role)
        do {
            let result = try await body(it)
            try await it.cut()
            return result
        } catch {
            try await it.cut()
            throw error
        }
    }

    /// The bytes arrive in one read.
    func receive(_ bytes: [UInt8]) async throws {
        try await self.channel.writeInbound(ByteBuffer(bytes: bytes))
    }

    /// Lets the event loop do what it was asked to, and what yields go on.
    func turn() async {
        await self.channel.testingEventLoop.advanceTime(by: WebSocketChannelHandler.yieldTime)
    }

    /// Looks at the driver, on its event loop.
    func see<Value: Sendable>(_ look: @escaping @Sendable (WebSocketChannelHandler) throws -> Value) async throws
        -> Value
    {
        try await self.channel.testingEventLoop.executeInContext { try look(self.connection.handler) }
    }

    /// The peer ends its side.
    func endInput() async throws {
        try await self.channel.testingEventLoop.executeInContext {
            self.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        }
    }

    /// The connection breaks; nothing happens if it is gone.
    func cut() async throws {
        try await self.channel.testingEventLoop.executeInContext { self.channel.close(promise: nil) }
        // And the loop looks for the last time whether anything is left to look at.
        await self.channel.testingEventLoop.advanceTime(by: .seconds(2))
    }

    /// All bytes that have been written.
    func sent() async throws -> [UInt8] {
        await self.turn()
        var found: [UInt8] = []
        while let buffer = try await self.channel.readOutbound(as: ByteBuffer.self) {
            found += buffer.readableBytesView
        }
        return found
    }

    /// The frames that have been written.
    func frames() async throws -> [Embedded.Frame] { Embedded.Frame.all(in: try await self.sent(), from: self.role) }

    /// What reading to the end brought.
    struct Read: Sendable {
        var messages: [Bytes] = []
        /// The most pieces that were queued at a time.
        var most = 0
        /// Whether the end was clean.
        var wasClean = false
    }

    /// Reads all messages that come until the end; the event loop gets its turn behind each.
    func readToEnd() async throws -> Read {
        var iterator = self.connection.messages.makeAsyncIterator()
        return try await self.readToEnd(&iterator)
    }

    /// The same, with an iterator that is there already.
    func readToEnd(_ iterator: inout WebSocketConnection.Messages.Iterator) async throws -> Read {
        var result = Read(most: self.queue.count)
        do {
            while let message = try await iterator.next() {
                switch message {
                case .text(let text): result.messages.append(Bytes(Array(text.utf8)))
                case .binary(let bytes): result.messages.append(Bytes(Array(bytes.readableBytesView)))
                }
                await self.turn()
                result.most = max(result.most, self.queue.count)
            }
            result.wasClean = true
        } catch is WebSocketError {}
        return result
    }
}
