import NIOCore
import NIOEmbedded
import Testing
import WebSocketCore

@testable import WebSocketNIO

@Suite struct OutboundTests {
    @Test func serverFrames() throws {
        let it = try Embedded()
        #expect(it.connection.trySend("hé") == .sent)
        #expect(it.connection.trySend(ByteBuffer(bytes: [1, 2]), as: .binary) == .sent)
        #expect(try it.sent() == [0x81, 3, 0x68, 0xC3, 0xA9, 0x82, 2, 1, 2])
    }

    @Test(arguments: [0, 1, 125, 126, 4096, 4097, 65535, 65536, 200_000], [Role.server, .client])
    func sizes(_ count: Int, _ role: Role) throws {
        let it = try Embedded(role)
        let payload = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
        let original = ByteBuffer(bytes: payload)
        it.connection.trySend(original)
        #expect(try it.frames() == [.init(.binary, true, payload)])
        // Masking must not touch what the caller holds.
        #expect(Array(original.readableBytesView) == payload)
    }

    @Test func clientMasksWithKeysOfTheirOwn() throws {
        let it = try Embedded(.client)
        it.connection.trySend("abcd")
        it.connection.trySend("abcd")
        let bytes = try it.sent()
        #expect(bytes.count == 20)
        #expect(bytes[1] == 0x84 && bytes[11] == 0x84)
        #expect(Array(bytes[2..<6]) != Array(bytes[12..<16]))
    }

    @Test func orderOfSmallAndLarge() throws {
        let it = try Embedded()
        it.connection.trySend("a")
        it.connection.trySend(ByteBuffer(repeating: 7, count: 100_000))
        it.connection.trySend("b")
        let frames = try it.frames()
        #expect(frames.map(\.payload.count) == [1, 100_000, 1])
    }

    @Test func moreThanAnOutboxHolds() throws {
        let it = try Embedded()
        for number in 0..<10_000 { it.connection.trySend("message \(number)") }
        let frames = try it.frames()
        #expect(frames.count == 10_000)
        #expect(frames.last?.payload == Array("message 9999".utf8))
    }

    @Test func fullAndClosed() throws {
        let it = try Embedded(configuration: .init(sendBuffer: 1000, maxSendBuffer: 2000))
        it.channel.isWritable = false
        it.channel.pipeline.fireChannelWritabilityChanged()
        it.handler.hot.pointee.heldBytes = 1500
        #expect(it.connection.trySend(ByteBuffer(repeating: 1, count: 400)) == .slow)
        #expect(it.connection.trySend(ByteBuffer(repeating: 1, count: 400)) == .full)
        try it.connection.startClosing()
        #expect(it.connection.trySend("x") == .closed)
    }

    @Test func waitersAreFailedAtTheEnd() throws {
        let it = try Embedded()
        it.channel.isWritable = false
        it.channel.pipeline.fireChannelWritabilityChanged()
        var outcome: Result<Void, any Error>?
        it.handler.waitForRoom(LoopWait()) { outcome = $0 }
        #expect(outcome == nil)
        try it.channel.close().wait()
        #expect(throws: WebSocketError.self) { try outcome?.get() }
    }

    /// What a transport (such as TLS) does not count before a flush counts here.
    @Test func bytesOfOneBatchCount() throws {
        let recorder = Recorder()
        var results: [SendResult] = []
        recorder.onMessage = { connection, _, _ in
            for _ in 0..<5 { results.append(connection.trySend(ByteBuffer(repeating: 1, count: 10_000))) }
        }
        let it = try Embedded(configuration: .init(sendBuffer: 15_000, maxSendBuffer: 45_000), recorder: recorder)
        try it.channel.pipeline.syncOperations.addHandler(WritesAreHidden(), position: .first)
        try it.receive(frame("go"))
        #expect(results == [.sent, .slow, .slow, .slow, .full])
        #expect(recorder.events.last == .drained)
    }

    /// An empty write that fails at once must not be repeated for ever.
    @Test func aFailedDrainMarkerIsNotRepeated() throws {
        let it = try Embedded()
        it.handler.isAmountWatched = true
        let failing = FailingWrites()
        try it.channel.pipeline.syncOperations.addHandler(failing, position: .first)
        it.connection.trySend(ByteBuffer(repeating: 1, count: 100_000))
        _ = try it.writes()
        let before = failing.count
        #expect(before > 0)
        it.handler.updateBufferedAmount()
        it.handler.updateBufferedAmount()
        #expect(failing.count <= before + 2)
    }

    private final class WritesAreHidden: ChannelOutboundHandler {
        typealias OutboundIn = ByteBuffer
        func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
            promise?.succeed(())
        }
    }

    private final class FailingWrites: ChannelOutboundHandler {
        typealias OutboundIn = ByteBuffer
        var count = 0
        func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
            self.count += 1
            promise?.fail(ChannelError.outputClosed)
        }
    }
}
