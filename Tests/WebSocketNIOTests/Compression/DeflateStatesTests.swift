import NIOCore
import NIOEmbedded
import Testing
import WebSocketCore
import WebSocketDeflate

@testable import WebSocketNIO

@Suite(.timeLimit(.minutes(1))) struct DeflateStatesTests {
    private static func configuration(idleRelease: Duration? = .seconds(30)) -> WebSocketConfiguration {
        WebSocketConfiguration(compression: DeflateConfiguration(threshold: 0, idleRelease: idleRelease))
    }

    private func advance(_ it: Embedded, _ seconds: Int64) {
        it.channel.embeddedEventLoop.advanceTime(by: .seconds(seconds))
    }

    // MARK: Before

    @Test func nothingBeforeTheFirstCompressedMessage() throws {
        let it = try Embedded(configuration: Self.configuration(), compression: .takeover)
        try it.receive(frame("plain") + frame(.ping, [1]) + frame(.text, [], isFinal: false) + frame(.continuation))
        it.connection.trySend("plain", compress: false)
        it.connection.trySend("")
        #expect(it.handler.deflate == nil)
        #expect(!it.handler.loop.sweep.isScheduled)
        it.connection.trySend("Hello")
        #expect(it.handler.deflate?.holdsMemory == true)
        let other = try Embedded(configuration: Self.configuration(), compression: .takeover)
        try other.receive(frame(.text, Hello.first, isCompressed: true))
        #expect(other.handler.deflate?.holdsMemory == true)
    }

    // MARK: Letting go

    /// What was let go of: neither end notices, but for the size of the next message.
    @Test(arguments: [Role.server, .client]) func idleConnectionsLetGo(role: Role) throws {
        let it = try Embedded(role, configuration: Self.configuration(), compression: .takeover)
        let peer = Peer()
        it.connection.trySend("Hello")
        try it.receive(frame(.text, Hello.first, to: role, isCompressed: true))
        #expect(try it.frames().map { peer.read($0) } == [Bytes(Hello.text)])
        self.advance(it, 29)
        #expect(it.handler.deflate?.holdsMemory == true)
        // About a second later than told, since seconds are counted.
        self.advance(it, 3)
        #expect(it.handler.deflate?.holdsMemory == false)
        // The peer refers to what it sent before; this end has forgotten what it sent, and does not.
        try it.receive(frame(.text, Hello.again, to: role, isCompressed: true))
        #expect(it.recorder.texts == ["Hello", "Hello"])
        it.connection.trySend("Hello")
        let frames = try it.frames()
        #expect(frames.map(\.payload) == [Hello.first])
        #expect(frames.map { peer.read($0) } == [Bytes(Hello.text)])
        it.connection.trySend("Hello")
        #expect(try it.frames().map(\.payload) == [Hello.again])
    }

    /// The last 32 KiB are what a message may refer to: all of them stay, and no more.
    @Test(arguments: [9, 15]) func theWholeWindowStays(bits: Int) throws {
        let it = try Embedded(
            configuration: Self.configuration(), compression: PerMessageDeflate(clientMaxWindowBits: bits))
        let peer = Compressor(.init(level: 9, memLevel: 8, windowBits: bits))
        func deflate(_ bytes: [UInt8]) -> [UInt8] {
            var buffer = ByteBuffer()
            peer.append(ByteBuffer(bytes: bytes), to: &buffer)
            return Array(buffer.readableBytesView.dropLast(4))
        }
        // zlib looks ahead 262 bytes, and so refers to a little less than the window.
        let block = noise((1 << bits) - 262)
        try it.receive(frame(.binary, deflate(noise(50_000) + block), isCompressed: true))
        self.advance(it, 40)
        #expect(it.handler.deflate?.holdsMemory == false)
        let again = deflate(block)
        #expect(again.count < block.count / 2)
        try it.receive(frame(.binary, again, isCompressed: true))
        #expect(it.recorder.events.last == .message(block, .binary))
    }

    /// What is kept outlives a second time, in which only the other direction was used.
    @Test func letGoTwice() throws {
        let it = try Embedded(configuration: Self.configuration(), compression: .takeover)
        try it.receive(frame(.text, Hello.first, isCompressed: true))
        self.advance(it, 40)
        it.connection.trySend("Hello")
        #expect(it.handler.deflate?.holdsMemory == true)
        self.advance(it, 40)
        #expect(it.handler.deflate?.holdsMemory == false)
        try it.receive(frame(.text, Hello.again, isCompressed: true))
        #expect(it.recorder.texts == ["Hello", "Hello"])
        self.advance(it, 40)
        try it.receive(frame(.text, Hello.again, isCompressed: true))
        #expect(it.recorder.texts == ["Hello", "Hello", "Hello"])
    }

    /// Only empty messages have come: there is nothing to refer to, and nothing breaks.
    @Test func nothingToKeep() throws {
        let it = try Embedded(configuration: Self.configuration(), compression: .takeover)
        try it.receive(frame(.text, [0x00], isCompressed: true))
        self.advance(it, 40)
        try it.receive(frame(.text, Hello.first, isCompressed: true))
        #expect(it.recorder.texts == ["", "Hello"])
    }

    @Test func useKeepsThem() throws {
        let it = try Embedded(configuration: Self.configuration(), compression: .takeover)
        it.connection.trySend("Hello")
        for _ in 0..<10 {
            self.advance(it, 20)
            it.connection.trySend("Hello")
        }
        let frames = try it.frames()
        #expect(frames.count == 11 && frames[0].payload == Hello.first)
        // Each refers to those before.
        #expect(frames.dropFirst().allSatisfy { $0.payload.count <= Hello.again.count })
        for _ in 0..<10 {
            self.advance(it, 20)
            try it.receive(frame(.text, Hello.first, isCompressed: true))
        }
        #expect(it.handler.deflate?.holdsMemory == true)
        // Messages that are not compressed are no use of them.
        for _ in 0..<3 {
            self.advance(it, 20)
            it.connection.trySend("Hello", compress: false)
        }
        #expect(it.handler.deflate?.holdsMemory == false)
    }

    @Test func theyMayBeKeptForEver() throws {
        let it = try Embedded(configuration: Self.configuration(idleRelease: nil), compression: .takeover)
        it.connection.trySend("Hello")
        #expect(!it.handler.loop.sweep.isScheduled)
        self.advance(it, 100_000)
        _ = try it.sent()
        it.connection.trySend("Hello")
        #expect(try it.sent() == [0xC1, 5] + Hello.again)
    }

    @Test(arguments: [Duration.zero, .milliseconds(1), .seconds(1)]) func soon(release: Duration) throws {
        let it = try Embedded(configuration: Self.configuration(idleRelease: release), compression: .takeover)
        it.connection.trySend("Hello")
        self.advance(it, 3)
        #expect(it.handler.deflate?.holdsMemory == false)
    }

    @Test func notForALongTime() throws {
        let it = try Embedded(
            configuration: Self.configuration(idleRelease: .seconds(Int64.max)), compression: .takeover)
        it.connection.trySend("Hello")
        self.advance(it, 1000)
        #expect(it.handler.deflate?.holdsMemory == true)
    }

    // MARK: A message under way

    @Test func whatIsBeingInflatedIsNotLetGoOf() throws {
        let it = try Embedded(configuration: Self.configuration(), compression: .takeover)
        try it.receive(frame(.text, Array(Hello.first[..<3]), isFinal: false, isCompressed: true))
        self.advance(it, 100)
        #expect(it.handler.deflate?.holdsMemory == true)
        try it.receive(frame(.continuation, Array(Hello.first[3...])))
        #expect(it.recorder.texts == ["Hello"])
        self.advance(it, 40)
        #expect(it.handler.deflate?.holdsMemory == false)
    }

    @Test(arguments: [PerMessageDeflate.takeover, .alone]) func whatIsBeingCompressedIsNotLetGoOf(
        agreement: PerMessageDeflate
    ) throws {
        let it = try Embedded(configuration: Self.configuration(), compression: agreement)
        it.handler.beginPieces(.text, compress: true, LoopWait()) { _ in }
        it.handler.enqueuePiece(ByteBuffer(string: "Hello"), isFinal: false)
        self.advance(it, 100)
        #expect(it.handler.deflate?.holdsMemory == true)
        it.handler.enqueuePiece(ByteBuffer(string: "Hello"), isFinal: false)
        it.handler.enqueuePiece(ByteBuffer(), isFinal: true)
        it.handler.endPieces()
        let frames = try it.frames()
        let text = Peer().inflate(frames.flatMap(\.payload))
        #expect(text == Bytes(Hello.text + Hello.text))
        self.advance(it, 40)
        #expect(it.handler.deflate?.holdsMemory == false)
    }

    // MARK: Looking stops

    @Test func theSweepStopsAndStartsAgain() throws {
        let it = try Embedded(configuration: Self.configuration(), compression: .takeover)
        let loop = it.handler.loop
        it.connection.trySend("Hello")
        it.connection.trySend("Hello")
        #expect(loop.sweep.count == 1 && loop.sweep.isScheduled)
        self.advance(it, 40)
        #expect(loop.sweep.count == 0 && !loop.sweep.isScheduled)
        let tick = loop.sweep.tick
        self.advance(it, 40)
        #expect(loop.sweep.tick == tick)
        it.connection.trySend("Hello")
        #expect(loop.sweep.count == 1 && loop.sweep.isScheduled)
        self.advance(it, 40)
        #expect(loop.sweep.count == 0)
    }

    /// Where messages stand alone, nothing is kept between them, and nothing has to be looked at.
    @Test func aloneNothingIsKept() throws {
        let it = try Embedded(configuration: Self.configuration(), compression: .alone)
        let loop = it.handler.loop
        it.connection.trySend("Hello")
        try it.receive(frame(.text, Hello.first, isCompressed: true))
        #expect(it.handler.deflate?.holdsMemory == false)
        self.advance(it, 1)
        #expect(loop.sweep.count == 0 && !loop.sweep.isScheduled)
        #expect(loop.deflate.compressors.count == 1 && loop.deflate.decompressors.count == 1)
    }

    @Test func theEndLetsGo() throws {
        let it = try Embedded(configuration: Self.configuration(), compression: .takeover)
        let loop = it.handler.loop
        it.connection.trySend("Hello")
        try it.receive(frame(.text, Hello.first, isCompressed: true))
        weak let states = it.handler.deflate
        #expect(states?.holdsMemory == true)
        try it.channel.close().wait()
        #expect(it.handler.deflate == nil)
        // The loop still looks once more; nothing is held meanwhile.
        #expect(states?.holdsMemory != true)
        self.advance(it, 1)
        #expect(states == nil)
        #expect(loop.sweep.count == 0 && !loop.sweep.isScheduled)
    }
}
