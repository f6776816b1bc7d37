import HTTPTypes
import NIOCore
import NIOEmbedded
import Testing
import WebSocketCore

@testable import WebSocketNIO

@Suite(.timeLimit(.minutes(1))) struct StartingTests {
    @Test func handlersGetCallsAndReadersGetNone() throws {
        let it = try Embedded()
        #expect(it.connection.queue == nil)
        #expect(it.recorder.events == [.opened])
    }

    @Test func collectedMessagesAreLimitedByWhatABufferHolds() throws {
        let it = try Embedded(configuration: .init(limits: .unlimited))
        let tooLarge = WebSocketConfiguration.maxCollectedMessage + 1
        try it.receive([0x82, 0xFF] + (0..<8).map { UInt8(truncatingIfNeeded: tooLarge >> (56 - 8 * $0)) })
        #expect(try it.frames().map(\.code) == [.messageTooBig])
        let chunks = try Embedded(configuration: .init(limits: .unlimited), recorder: Recorder(takesChunks: true))
        try chunks.receive(
            [0x82, 0xFF] + (0..<8).map { UInt8(truncatingIfNeeded: tooLarge >> (56 - 8 * $0)) } + [0, 0, 0, 0, 5])
        #expect(chunks.recorder.events.last == .chunk([5], first: true, last: false))
    }

    @Test func aHandlerOnBothEnds() async throws {
        struct Echo: WebSocketHandler {
            func received(_ bytes: ByteBuffer, as kind: WebSocketMessage.Kind, on connection: WebSocketConnection) {
                connection.trySend(bytes, as: kind)
            }
        }
        try await Pair.with(serverDelivery: .handler({ _ in Echo() })) { pair in
            try await pair.client.send("back")
            var iterator = pair.client.messages.makeAsyncIterator()
            let found1 = try await iterator.next()
            #expect(found1 == .text("back"))
        }
    }

    @Test func aHandlerCanBeSentToFromElsewhere() async throws {
        struct Silent: WebSocketHandler {}
        try await Pair.with(serverDelivery: .handler({ _ in Silent() })) { pair in
            try await pair.server.send("pushed")
            var iterator = pair.client.messages.makeAsyncIterator()
            let found2 = try await iterator.next()
            #expect(found2 == .text("pushed"))
            var none = pair.server.messages.makeAsyncIterator()
            let found3 = try await none.next()
            #expect(found3 == nil)
        }
    }

    /// What a handler sends while it is made goes out, large or small.
    @Test func aHandlerMaySendWhenItIsMade() async throws {
        struct Silent: WebSocketHandler {}
        let delivery = WebSocketDelivery.handler({ connection in
            connection.trySend("small")
            connection.trySend(ByteBuffer(repeating: 7, count: 100_000))
            return Silent()
        })
        try await Pair.with(serverDelivery: delivery) { pair in
            var iterator = pair.client.messages.makeAsyncIterator()
            let small = try await iterator.next()
            #expect(small == .text("small"))
            let large = try await iterator.next()
            #expect(large == .binary(ByteBuffer(repeating: 7, count: 100_000)))
        }
    }

    @Test func aChannelThatHasEndedIsNotStarted() throws {
        let channel = EmbeddedChannel()
        #expect(throws: ChannelError.self) {
            _ = try WebSocketConnection.start(
                on: channel, position: .last, role: .server,
                handshake: .init(request: HTTPRequest(method: .get, scheme: "http", authority: "a", path: "/")),
                compression: nil, configuration: .init(), delivery: .handler({ _ in fatalError("nothing to handle") }))
        }
    }
}
