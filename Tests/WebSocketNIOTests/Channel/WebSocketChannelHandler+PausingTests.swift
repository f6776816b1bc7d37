import NIOCore
import NIOEmbedded
import Testing
import WebSocketCore
import WebSocketDeflate

@testable import WebSocketNIO

@Suite(.timeLimit(.minutes(2))) struct PausingTests {
    // MARK: A reader that is behind

    @Test(arguments: [Role.server, .client], [false, true])
    func manyTinyMessages(role: Role, isCompressed: Bool) async throws {
        let bytes = Behind.read(to: role, isCompressed: isCompressed)
        try await Reading.with(role, configuration: Behind.configuration, compression: .takeover) { it in
            try await it.receive(bytes)
            #expect((Behind.bound / (InboundQueue.overhead + 4)...Behind.most).contains(it.queue.count))
            let isPaused = try await it.see { $0.isPaused && $0.mustNotRead }
            #expect(isPaused)
            // What comes meanwhile waits behind it.
            let queued = it.queue.count
            try await it.receive(frame("last", to: role))
            try await it.receive(Array(frame(.close, closing(1000), to: role)[..<3]))
            try await it.receive(Array(frame(.close, closing(1000), to: role)[3...]))
            #expect(it.queue.count == queued)
            #expect(it.connection.readyState == .open)
            var iterator = it.connection.messages.makeAsyncIterator()
            var texts: [String] = []
            var most = 0
            while texts.last != "last", case .text(let text)? = try await iterator.next() {
                texts.append(text)
                await it.turn()
                most = max(most, it.queue.count)
            }
            #expect(texts == Behind.texts + ["last"])
            #expect(most <= Behind.most)
            await it.turn()
            #expect(it.connection.readyState != .open)
        }
    }

    /// The socket is left alone while the reader is behind, and read again when it is not.
    @Test func theSocketIsLeftAlone() async throws {
        try await Reading.with(configuration: Behind.configuration) { it in
            let reads = ReadCounter()
            try await it.channel.pipeline.addHandler(reads, position: .first).get()
            try await it.receive(Behind.read(to: .server, isCompressed: false))
            try await it.see { $0.context?.channel.read() }
            let before = try await it.see { _ in reads.count }
            #expect(before == 0)
            var iterator = it.connection.messages.makeAsyncIterator()
            for expected in Behind.texts {
                let message = try await iterator.next()
                #expect(message == .text(expected))
            }
            let after = try await it.see { _ in reads.count }
            #expect(after == 1)
        }
    }

    private static let size = 100_000_000
    private static let compressed = Peer().deflate([UInt8](repeating: 0, count: size))

    /// 100 MB that came as 100 KB: all of it arrives, and hardly any of it at a time.
    @Test(arguments: [Role.server, .client]) func aHugeMessageInPieces(role: Role) async throws {
        let (size, compressed) = (Self.size, Self.compressed)
        #expect(compressed.count < 110_000)
        let configuration = WebSocketConfiguration(limits: .unlimited, compression: DeflateConfiguration())
        try await Reading.with(role, configuration: configuration, compression: .takeover) { it in
            try await it.receive(
                frame(.binary, compressed, to: role, isCompressed: true) + frame("behind", to: role))
            // As much again as the bound, and one piece more.
            let most = 2 * configuration.receiveBuffer / LoopResources.scratchSize + 1
            var iterator = it.connection.chunks.makeAsyncIterator()
            var total = 0
            var found = 0
            var (areZeros, areEndsRight) = (true, true)
            while let chunk = try await iterator.next(), chunk.kind == .binary {
                areEndsRight = areEndsRight && chunk.isFirst == (total == 0)
                total += chunk.bytes.readableBytes
                areEndsRight = areEndsRight && chunk.isLast == (total == size)
                areZeros = areZeros && chunk.bytes.withUnsafeReadableBytes { $0.first == 0 && $0.last == 0 }
                if chunk.isLast { break }
                await it.turn()
                found = max(found, it.queue.count)
            }
            #expect(total == size)
            #expect(areZeros && areEndsRight)
            #expect(found <= most)
            let behind = try await iterator.next()
            #expect(behind?.bytes == ByteBuffer(string: "behind"))
        }
    }

    /// What was left alone may be wrong: that is found when it is looked at.
    @Test func anErrorInWhatWasLeftAlone() async throws {
        try await Reading.with(configuration: Behind.configuration, compression: .takeover) { it in
            try await it.receive(
                Behind.read(to: .server, isCompressed: true) + frame(.text, [0xff], isCompressed: true))
            #expect(it.connection.readyState == .open)
            var iterator = it.connection.messages.makeAsyncIterator()
            for expected in Behind.texts {
                let message = try await iterator.next()
                #expect(message == .text(expected))
                await it.turn()
            }
            let frames = try await it.frames()
            #expect(frames.map(\.code) == [.invalidPayload])
        }
    }

    // MARK: Other connections' turn

    private static let turns = [UInt8](repeating: 0, count: 20 << 20)
    private static let huge = Peer().deflate(turns)
    private static let large = WebSocketConfiguration(
        limits: Limits(maxMessageSize: 64 << 20), compression: DeflateConfiguration())

    /// Inflating much is interrupted, so that others of the loop have their turn.
    @Test func inflatingYields() throws {
        let it = try Embedded(
            configuration: Self.large, compression: .takeover, recorder: Recorder(takesChunks: true))
        let reads = ReadCounter()
        try it.channel.pipeline.syncOperations.addHandler(reads, position: .first)
        let atOnce = WebSocketChannelHandler.maxInflatedAtOnce + LoopResources.scratchSize
        try it.channel.writeInbound(
            ByteBuffer(bytes: frame(.binary, Self.huge, isCompressed: true) + frame("behind")))
        #expect(it.recorder.pieceBytes >= WebSocketChannelHandler.maxInflatedAtOnce)
        #expect(it.recorder.pieceBytes <= atOnce)
        #expect(it.handler.isPaused)
        // Meanwhile the socket is not read, and what is on its way waits.
        it.channel.pipeline.read()
        #expect(reads.count == 0)
        try it.channel.writeInbound(ByteBuffer(bytes: frame("last")))
        var others: [Int] = []
        it.channel.embeddedEventLoop.execute { others.append(it.recorder.pieceBytes) }
        it.channel.embeddedEventLoop.advanceTime(by: .milliseconds(1))
        #expect(others.count == 1 && others[0] <= 2 * atOnce)
        #expect(it.recorder.joined == [Bytes(Self.turns), Bytes(Array("behind".utf8)), Bytes(Array("last".utf8))])
        #expect(!it.handler.isPaused)
        #expect(reads.count == 1)
    }

    @Test func inflatingForAWholeMessageYields() throws {
        let it = try Embedded(configuration: Self.large, compression: .takeover)
        try it.channel.writeInbound(
            ByteBuffer(bytes: frame(.binary, Self.huge, isCompressed: true) + frame("behind")))
        #expect(it.recorder.events == [.opened])
        let gathered = try #require(it.handler.gathered)
        #expect(
            gathered.readableBytes <= WebSocketChannelHandler.maxInflatedAtOnce + LoopResources.scratchSize)
        it.channel.embeddedEventLoop.advanceTime(by: .milliseconds(1))
        #expect(it.recorder.events == [.opened, .message(Self.turns, .binary), .message(Array("behind".utf8), .text)])
    }

    /// The same for a reader with a queue that takes all of it.
    @Test func inflatingForAReaderYields() async throws {
        let configuration = WebSocketConfiguration(
            limits: .unlimited, receiveBuffer: 64 << 20, compression: DeflateConfiguration())
        try await Reading.with(configuration: configuration, compression: .takeover) { it in
            try await it.receive(
                frame(.binary, Self.huge, isCompressed: true) + frame(.close, closing(1000)))
            let atOnce = WebSocketChannelHandler.maxInflatedAtOnce / LoopResources.scratchSize
            #expect(it.queue.count == atOnce)
            #expect(it.connection.readyState == .open)
            for _ in 0..<Self.turns.count / WebSocketChannelHandler.maxInflatedAtOnce { await it.turn() }
            let read = try await it.readToEnd()
            #expect(read.messages == [Bytes(Self.turns)])
            #expect(read.wasClean)
        }
    }

    /// It is not about one message: many that came in one read count together.
    @Test func manyMessagesYield() throws {
        let it = try Embedded(configuration: Self.large, compression: .takeover)
        let peer = Peer()
        let payload = [UInt8](repeating: 0x61, count: 1_000_000)
        let bytes = (0..<10).flatMap { _ in frame(.text, peer.deflate(payload), isCompressed: true) }
        try it.channel.writeInbound(ByteBuffer(bytes: bytes))
        #expect(it.recorder.texts.count == 4)
        it.channel.embeddedEventLoop.advanceTime(by: .milliseconds(1))
        #expect(it.recorder.texts.count == 10)
    }

    /// Closing does not take the others' turn, and does not lose what was left alone.
    @Test func closingWhileOthersHaveTheirTurn() throws {
        let it = try Embedded(
            configuration: Self.large, compression: .takeover, recorder: Recorder(takesChunks: true))
        try it.channel.writeInbound(
            ByteBuffer(bytes: frame(.binary, Self.huge, isCompressed: true) + frame(.close, closing(1000))))
        let before = it.recorder.pieceBytes
        try it.connection.startClosing()
        #expect(it.recorder.pieceBytes == before)
        it.channel.embeddedEventLoop.advanceTime(by: .milliseconds(1))
        #expect(it.recorder.joined == [Bytes(Self.turns)])
        #expect(it.recorder.events.last == .closed(Closure(code: 1000, wasClean: true)))
    }

    @Test(arguments: [false, true]) func theEndWhileOthersHaveTheirTurn(isHalf: Bool) throws {
        let it = try Embedded(
            configuration: Self.large, compression: .takeover, recorder: Recorder(takesChunks: true))
        try it.channel.writeInbound(
            ByteBuffer(bytes: frame(.binary, Self.huge, isCompressed: true) + frame("behind")))
        if isHalf {
            it.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
            #expect(it.connection.closure == nil)
            it.channel.embeddedEventLoop.advanceTime(by: .milliseconds(1))
            #expect(it.recorder.joined == [Bytes(Self.turns), Bytes(Array("behind".utf8))])
        } else {
            // At once, but only so much.
            let before = it.recorder.pieceBytes
            it.channel.pipeline.fireChannelInactive()
            #expect(
                it.recorder.pieceBytes >= before + WebSocketChannelHandler.maxInflatedAtEnd - LoopResources.scratchSize)
            #expect(
                it.recorder.pieceBytes <= before + WebSocketChannelHandler.maxInflatedAtEnd + LoopResources.scratchSize)
        }
        #expect(it.recorder.events.last == .closed(.abnormal))
        it.channel.embeddedEventLoop.advanceTime(by: .milliseconds(1))
        #expect(it.recorder.events.last == .closed(.abnormal))
    }

    private final class ReadCounter: ChannelOutboundHandler, @unchecked Sendable {
        typealias OutboundIn = ByteBuffer
        var count = 0
        func read(context: ChannelHandlerContext) {
            self.count += 1
            context.read()
        }
    }
}
