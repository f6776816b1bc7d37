import NIOCore
import NIOEmbedded
import Testing
import WebSocketCore
import WebSocketDeflate

@testable import WebSocketNIO

/// How a connection ends while something is left alone.
@Suite(.timeLimit(.minutes(2))) struct PausingEndTests {
    // MARK: The peer's end behind what is left alone

    @Test(arguments: [Role.server, .client], [false, true])
    func theEndComesBehindWhatCameBefore(role: Role, isCompressed: Bool) async throws {
        let bytes = Behind.read(to: role, isCompressed: isCompressed) + frame(.close, closing(3000, "bye"), to: role)
        try await Reading.with(role, configuration: Behind.configuration, compression: .takeover) { it in
            try await it.receive(bytes)
            var iterator = it.connection.messages.makeAsyncIterator()
            try await it.endInput()
            #expect(it.connection.closure == nil)
            let read = try await it.readToEnd(&iterator)
            #expect(read.messages == Behind.texts.map { Bytes(Array($0.utf8)) })
            #expect(read.wasClean)
            #expect(read.most <= Behind.most)
            #expect(it.connection.closure == Closure(code: 3000, reason: "bye", wasClean: true))
            let frames = try await it.frames()
            #expect(frames.map(\.code) == [CloseCode(rawValue: 3000)])
        }
    }

    @Test func theEndWithoutACloseFrame() async throws {
        try await Reading.with(configuration: Behind.configuration) { it in
            try await it.receive(Behind.read(to: .server, isCompressed: false))
            var iterator = it.connection.messages.makeAsyncIterator()
            try await it.endInput()
            #expect(it.connection.closure == nil)
            let read = try await it.readToEnd(&iterator)
            #expect(read.messages.count == Behind.texts.count)
            #expect(!read.wasClean)
            #expect(it.connection.closure == .abnormal)
        }
    }

    /// Where nobody is there to read, the end does not wait; what was there can still be read.
    @Test func theEndDoesNotWaitForNobody() async throws {
        try await Reading.with(configuration: Behind.configuration) { it in
            try await it.receive(Behind.read(to: .server, isCompressed: false))
            try await it.endInput()
            #expect(it.connection.closure == .abnormal)
            let read = try await it.readToEnd()
            #expect(read.messages.count == Behind.texts.count)
        }
    }

    /// When nothing is left alone, the end is the end.
    @Test func theEndOfAReaderThatIsNotBehind() async throws {
        try await Reading.with(configuration: Behind.configuration) { it in
            try await it.receive(frame("only"))
            try await it.endInput()
            #expect(it.connection.closure == .abnormal)
        }
    }

    /// Closing lets go on what was left alone, and the peer's Close frame may be in it: this end's goes out first.
    @Test func theCloseFrameGoesOutBeforeTheEnd() async throws {
        try await Reading.with(configuration: Behind.configuration) { it in
            try await it.receive(Behind.read(to: .server, isCompressed: false) + frame(.close, closing(3000)))
            try it.connection.startClosing()
            let frames = try await it.frames()
            #expect(frames.map(\.code) == [.normalClosure])
            #expect(it.connection.closure == Closure(code: 3000, wasClean: true))
        }
    }

    // MARK: The connection breaks

    @Test(arguments: [false, true], [false, true])
    func whatHasArrivedIsStillRead(isCompressed: Bool, isClosed: Bool) async throws {
        let bytes =
            Behind.read(to: .server, isCompressed: isCompressed) + (isClosed ? frame(.close, closing(1001)) : [])
        try await Reading.with(configuration: Behind.configuration, compression: .takeover) { it in
            try await it.receive(bytes)
            #expect(it.queue.count <= Behind.most)
            try await it.cut()
            #expect(it.connection.closure == (isClosed ? Closure(code: 1001, wasClean: true) : .abnormal))
            let read = try await it.readToEnd()
            #expect(read.messages == Behind.texts.map { Bytes(Array($0.utf8)) })
            #expect(read.wasClean == isClosed)
        }
    }

    @Test func whatHasArrivedIsStillReadBehindAnError() async throws {
        try await Reading.with(configuration: Behind.configuration) { it in
            try await it.receive(Behind.read(to: .server, isCompressed: false))
            try await it.see { $0.context?.pipeline.fireErrorCaught(ChannelError.inputClosed) }
            #expect(it.connection.closure == .abnormal)
            let read = try await it.readToEnd()
            #expect(read.messages.count == Behind.texts.count)
        }
    }

    /// Of a bomb that is left alone when the connection breaks, only so much is inflated.
    @Test func aBombAtTheEnd() async throws {
        let compressed = Peer().deflate([UInt8](repeating: 0, count: 64 << 20))
        try await Reading.with(configuration: Behind.configuration, compression: .takeover) { it in
            try await it.receive(frame(.binary, compressed, isCompressed: true) + frame("behind"))
            let queued = it.queue.count
            #expect(queued <= 2)
            try await it.cut()
            #expect(it.connection.closure == .abnormal)
            let pieces = WebSocketChannelHandler.maxInflatedAtEnd / LoopResources.scratchSize
            #expect((pieces...pieces + 1).contains(it.queue.count - queued))
            var iterator = it.connection.chunks.makeAsyncIterator()
            var (total, hasEnded) = (0, false)
            await #expect(throws: WebSocketError(.closed(.abnormal))) {
                while let chunk = try await iterator.next() {
                    total += chunk.bytes.readableBytes
                    hasEnded = hasEnded || chunk.isLast
                }
            }
            #expect(total >= WebSocketChannelHandler.maxInflatedAtEnd)
            #expect(!hasEnded)
        }
    }

    // MARK: This end closes

    /// Nobody reads: what is left alone is dropped, and the peer's Close frame in it is seen.
    @Test(arguments: [Role.server, .client], [false, true])
    func closingDoesNotWaitForNobody(role: Role, isCompressed: Bool) async throws {
        let bytes = Behind.read(to: role, isCompressed: isCompressed) + frame(.close, closing(1000), to: role)
        try await Reading.with(role, configuration: Behind.configuration, compression: .takeover) { it in
            try await it.receive(bytes)
            let queued = it.queue.count
            try it.connection.startClosing()
            await it.turn()
            try await it.endInput()
            #expect(it.connection.closure == Closure(code: 1000, wasClean: true))
            #expect(it.queue.count <= queued + 1)
        }
    }

    /// The same within a message that inflates to much.
    @Test func closingDoesNotWaitWithinAMessage() async throws {
        let huge = Peer().deflate([UInt8](repeating: 0, count: 20 << 20))
        let bytes = frame(.binary, huge, isCompressed: true) + frame(.close, closing(1000))
        try await Reading.with(configuration: Behind.configuration, compression: .takeover) { it in
            try await it.receive(bytes)
            let queued = it.queue.count
            try it.connection.startClosing()
            await it.turn()
            #expect(it.connection.closure == Closure(code: 1000, wasClean: true))
            #expect(it.queue.count <= queued + 1)
        }
    }

    /// Somebody reads: what came before the peer's Close frame is theirs.
    @Test(arguments: [Role.server, .client], [false, true])
    func closingWaitsForAReader(role: Role, isCompressed: Bool) async throws {
        let bytes = Behind.read(to: role, isCompressed: isCompressed) + frame(.close, closing(1000), to: role)
        try await Reading.with(role, configuration: Behind.configuration, compression: .takeover) { it in
            var iterator = it.connection.messages.makeAsyncIterator()
            try await it.receive(bytes)
            try it.connection.startClosing()
            await it.turn()
            try await it.endInput()
            #expect(it.connection.closure == nil)
            let read = try await it.readToEnd(&iterator)
            #expect(read.messages == Behind.texts.map { Bytes(Array($0.utf8)) })
            #expect(read.wasClean)
            #expect(read.most <= Behind.most)
            #expect(it.connection.closure == Closure(code: 1000, wasClean: true))
        }
    }

    /// A reader that leaves is not waited for any longer.
    @Test func closingGoesOnWhenTheReaderLeaves() async throws {
        let bytes = Behind.read(to: .server, isCompressed: true) + frame(.close, closing(1000))
        try await Reading.with(configuration: Behind.configuration, compression: .takeover) { it in
            var iterator: WebSocketConnection.Messages.Iterator? = it.connection.messages.makeAsyncIterator()
            try await it.receive(bytes)
            let first = try await iterator?.next()
            #expect(first == .text("0"))
            try it.connection.startClosing()
            await it.turn()
            #expect(it.connection.closure == nil)
            iterator = nil
            await it.turn()
            #expect(it.connection.closure == Closure(code: 1000, wasClean: true))
        }
    }
}
