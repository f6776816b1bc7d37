import NIOCore
import NIOEmbedded
import Testing
import WebSocketCore
import WebSocketDeflate

@testable import WebSocketNIO

@Suite(.timeLimit(.minutes(1))) struct BroadcastingTests {
    private static let configuration = WebSocketConfiguration(compression: DeflateConfiguration())
    private static let payload = digits(10_000)

    private static func configuration(level: Int) -> WebSocketConfiguration {
        WebSocketConfiguration(compression: DeflateConfiguration(level: level))
    }

    private func compressors(_ it: Embedded) -> Int { it.handler.loop.deflate.compressors.count }

    // MARK: On the loop

    /// Whoever wants the same gets the same bytes, which are made once; the others get what they want.
    @Test func eachAsItWasAgreedOn() throws {
        let first = try Embedded(configuration: Self.configuration, compression: .alone)
        let same = try Embedded(configuration: Self.configuration, compression: .alone)
        let different = try Embedded(configuration: Self.configuration(level: 1), compression: .alone)
        let takeover = try Embedded(configuration: Self.configuration, compression: .takeover)
        let plain = try Embedded(configuration: Self.configuration)
        let client = try Embedded(.client, configuration: Self.configuration, compression: .alone)
        let all = [first, same, different, takeover, plain, client]
        let peers = [true, true, true, false, false, true].map { Peer(standsAlone: $0) }
        for round in 0..<2 {
            var notSent = 0
            WebSocketConnection.broadcast(
                ByteBuffer(bytes: Self.payload), as: .text, to: all.map(\.connection)
            ) { _, _ in notSent += 1 }
            #expect(notSent == 0)
            let frames = try all.map { try $0.frames() }
            try #require(frames.map(\.count) == [1, 1, 1, 1, 1, 1])
            let found = frames.map { $0[0] }
            #expect(found.allSatisfy { $0.opcode == .text && $0.isFinal })
            #expect(found.map(\.isCompressed) == [true, true, true, true, false, true])
            for (frame, peer) in zip(found, peers) { #expect(peer.read(frame) == Bytes(Self.payload)) }
            #expect(found[0].payload == found[1].payload && found[0].payload == found[5].payload)
            #expect(found[0].payload != found[2].payload)
            // It refers to the one before.
            #expect((found[3].payload.count < 200) == (round == 1))
        }
        // Each of these has a loop of its own: only two of them had to compress for others.
        #expect(all.map { self.compressors($0) } == [1, 0, 1, 0, 0, 0])
    }

    @Test func onlyIfItIsWanted() throws {
        let all = [
            try Embedded(configuration: Self.configuration, compression: .alone),
            try Embedded(configuration: Self.configuration, compression: .takeover),
        ]
        WebSocketConnection.broadcast(
            ByteBuffer(bytes: Self.payload), as: .binary, to: all.map(\.connection), compress: false)
        for it in all {
            #expect(try it.frames() == [.init(.binary, true, Self.payload)])
            #expect(it.handler.deflate == nil)
        }
    }

    /// The threshold is each connection's own.
    @Test func theThreshold() throws {
        let low = try Embedded(
            configuration: .init(compression: DeflateConfiguration(threshold: 10)), compression: .alone)
        let high = try Embedded(configuration: Self.configuration, compression: .alone)
        let text = String(repeating: "a", count: 100)
        WebSocketConnection.broadcast(text, to: [low.connection, high.connection])
        #expect(try low.frames().map(\.isCompressed) == [true])
        #expect(try high.frames() == [.init(.text, true, Array(text.utf8))])
        // An empty message is never compressed.
        WebSocketConnection.broadcast("", to: [low.connection, high.connection])
        #expect(try low.sent() == [0x81, 0])
        #expect(try high.sent() == [0x81, 0])
    }

    @Test func whatCannotBeMadeSmaller() throws {
        let all = try (0..<2).map { _ in try Embedded(configuration: Self.configuration, compression: .alone) }
        WebSocketConnection.broadcast(ByteBuffer(bytes: noise(1000)), as: .binary, to: all.map(\.connection))
        for it in all { #expect(try it.frames() == [.init(.binary, true, noise(1000))]) }
        #expect(all.map { self.compressors($0) } == [1, 0])
    }

    /// A connection whose message in pieces is under way gets it behind that, compressed all the same.
    @Test(arguments: [PerMessageDeflate.alone, .takeover]) func behindAMessageInPieces(agreement: PerMessageDeflate)
        throws
    {
        let it = try Embedded(configuration: Self.configuration, compression: agreement)
        let other = try Embedded(configuration: Self.configuration, compression: .alone)
        it.handler.beginPieces(.binary, compress: true, LoopWait()) { _ in }
        it.handler.enqueuePiece(ByteBuffer(bytes: digits(500)), isFinal: false)
        WebSocketConnection.broadcast(
            ByteBuffer(bytes: Self.payload), as: .text, to: [it.connection, other.connection])
        #expect(try other.frames().map(\.isCompressed) == [true])
        let before = try it.sent()
        it.handler.enqueuePiece(ByteBuffer(), isFinal: true)
        it.handler.endPieces()
        let frames = Embedded.Frame.all(in: before + (try it.sent()), from: .server)
        #expect(Embedded.Frame.all(in: before, from: .server).map(\.opcode) == [.binary])
        try #require(frames.map(\.opcode) == [.binary, .continuation, .text])
        #expect(frames.map(\.isFinal) == [false, true, true])
        #expect(frames.map(\.isCompressed) == [true, true, true])
        let peer = Peer(standsAlone: agreement == .alone)
        #expect(peer.inflate(frames[0].payload + frames[1].payload) == Bytes(digits(500)))
        #expect(peer.read(frames[2]) == Bytes(Self.payload))
        #expect(it.handler.held == nil)
    }

    @Test func whoDoesNotGetIt() throws {
        let configuration = WebSocketConfiguration(
            sendBuffer: 1000, maxSendBuffer: 2000, compression: DeflateConfiguration())
        let (open, slow) = (
            try Embedded(compression: .alone), try Embedded(configuration: configuration, compression: .alone)
        )
        let (full, closed) = (
            try Embedded(configuration: configuration, compression: .alone), try Embedded(compression: .alone)
        )
        for (it, bytes) in [(slow, 100), (full, 1900)] {
            it.channel.isWritable = false
            it.channel.pipeline.fireChannelWritabilityChanged()
            it.handler.hot.pointee.heldBytes = bytes
        }
        try closed.connection.startClosing()
        _ = try closed.sent()
        let all = [open, slow, full, closed]
        var results: [SendResult?] = [nil, nil, nil, nil]
        WebSocketConnection.broadcast(String(repeating: "a", count: 500), to: all.map(\.connection)) { who, result in
            results[all.firstIndex { $0.connection === who }!] = result
        }
        #expect(results == [nil, .slow, .full, .closed])
        #expect(try all.map { try $0.frames().count } == [1, 1, 0, 0])
    }

    /// Whoever broadcasts may hold a lock: no handler is called meanwhile, not even that of one who is cut because it is slow, and
    /// whose socket breaks then.
    @Test func nobodyIsCalledMeanwhile() throws {
        let it = try Embedded(
            configuration: .init(
                sendBuffer: 1000, maxSendBuffer: 2000, slowConsumers: .disconnect(.tryAgainLater)))
        try it.channel.pipeline.syncOperations.addHandler(Breaking(), position: .first)
        it.handler.hot.pointee.heldBytes = 1900
        for _ in 0..<2 {
            var results: [SendResult] = []
            WebSocketConnection.broadcast(String(repeating: "a", count: 500), to: [it.connection]) { _, result in
                results.append(result)
            }
            #expect(results == [.closed])
            #expect(it.connection.readyState == .closing)
            #expect(it.recorder.events == [.opened])
        }
        it.channel.embeddedEventLoop.run()
        #expect(it.connection.readyState == .closed)
        #expect(it.recorder.events.count == 2)
    }

    // MARK: From elsewhere

    @Test func fromAnotherThread() async throws {
        try await Reading.with(configuration: Self.configuration, compression: .alone) { alone in
            try await Reading.with(configuration: Self.configuration, compression: .takeover) { takeover in
                try await Reading.with(.client, configuration: Self.configuration, compression: .alone) { client in
                    try await Reading.with { plain in
                        let all = [alone, takeover, client, plain]
                        WebSocketConnection.broadcast(
                            ByteBuffer(bytes: Self.payload), as: .text, to: all.map(\.connection)
                        ) { _, result in Issue.record("\(result)") }
                        var found: [Embedded.Frame] = []
                        for it in all { found += try await it.frames() }
                        #expect(found.map(\.isCompressed) == [true, true, true, false])
                        #expect(found.map { Peer().read($0) } == Array(repeating: Bytes(Self.payload), count: 4))
                        // Counted while it was on its way, and not any more.
                        #expect(all.map(\.connection.bufferedAmount) == [0, 0, 0, 0])
                        var compressors = 0
                        for it in all { compressors += try await it.see { $0.loop.deflate.compressors.count } }
                        #expect(compressors == 1)
                    }
                }
            }
        }
    }

    @Test func whoDoesNotGetItFromElsewhere() async throws {
        let configuration = WebSocketConfiguration(
            sendBuffer: 1000, maxSendBuffer: 2000, compression: DeflateConfiguration())
        try await Reading.with(configuration: configuration, compression: .alone) { full in
            try await Reading.with(configuration: configuration, compression: .alone) { slow in
                try await Reading.with(compression: .alone) { closed in
                    for (it, count) in [(full, 1800), (slow, 600)] {
                        try await it.see { $0.beginPieces(.text, compress: true, LoopWait()) { _ in } }
                        it.connection.trySend(ByteBuffer(repeating: 1, count: count))
                        await it.turn()
                    }
                    try closed.connection.startClosing()
                    await closed.turn()
                    let all = [full, slow, closed]
                    var results: [SendResult?] = [nil, nil, nil]
                    WebSocketConnection.broadcast(
                        String(repeating: "a", count: 500), to: all.map(\.connection)
                    ) { who, result in results[all.firstIndex { $0.connection === who }!] = result }
                    #expect(results == [.full, .slow, .closed])
                    let held = try await slow.see { $0.held?.count }
                    #expect(held == 2)
                    let notHeld = try await full.see { $0.held?.count }
                    #expect(notHeld == 1)
                }
            }
        }
    }

    /// Over real sockets, whose connections have different loops.
    @Test func toManyConnections() async throws {
        func connect(_ count: Int, _ pairs: [Pair], _ body: @escaping ([Pair]) async throws -> Void) async throws {
            if count == 0 { return try await body(pairs) }
            let agreement: PerMessageDeflate? = [PerMessageDeflate.alone, .takeover, nil][count % 3]
            try await Pair.with(server: Self.configuration, client: Self.configuration, compression: agreement) {
                try await connect(count - 1, pairs + [$0], body)
            }
        }
        try await connect(9, []) { pairs in
            let texts = (0..<20).map { "\($0)" + String(decoding: Self.payload, as: UTF8.self) }
            for text in texts { WebSocketConnection.broadcast(text, to: pairs.map(\.server)) }
            for pair in pairs {
                var iterator = pair.client.messages.makeAsyncIterator()
                for text in texts {
                    let found = try await iterator.next()
                    #expect(found == .text(text))
                }
            }
        }
    }
}

/// A socket that breaks when something is written.
private final class Breaking: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer
    func flush(context: ChannelHandlerContext) { context.fireErrorCaught(ChannelError.eof) }
}
