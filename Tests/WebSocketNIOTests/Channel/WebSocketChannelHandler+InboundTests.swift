import NIOCore
import NIOEmbedded
import Testing
import WebSocketCore

@testable import WebSocketNIO

@Suite struct InboundTests {
    static let stream: [UInt8] =
        frame("hello") + frame(.binary, Array(0..<200)) + frame(.text, Array("wor".utf8), isFinal: false)
        + frame(.ping, [1, 2]) + frame(.continuation, Array("ld".utf8)) + frame("")

    static let expected: [Recorder.Event] = [
        .opened, .message(Array("hello".utf8), .text), .message(Array(0..<200), .binary),
        .message(Array("world".utf8), .text), .message([], .text),
    ]

    @Test func wholeReads() throws {
        let it = try Embedded()
        try it.receive(Self.stream)
        #expect(it.recorder.events == Self.expected)
        #expect(try it.frames() == [.init(.pong, true, [1, 2])])
    }

    @Test(arguments: 1...Self.stream.count - 1) func splitInTwo(at split: Int) throws {
        let it = try Embedded()
        try it.receive(Array(Self.stream[..<split]))
        try it.receive(Array(Self.stream[split...]))
        #expect(it.recorder.events == Self.expected)
    }

    @Test func dripped() throws {
        let it = try Embedded()
        for byte in Self.stream { try it.receive([byte]) }
        #expect(it.recorder.events == Self.expected)
        #expect(it.handler.carry == nil)
    }

    @Test func clientTakesUnmaskedFrames() throws {
        let it = try Embedded(.client)
        try it.receive(frame("hi", to: .client))
        #expect(it.recorder.texts == ["hi"])
        try it.receive(frame("hi", to: .server))
        #expect(try it.frames().map(\.code) == [.protocolError])
    }

    @Test func chunksAsTheyArrive() throws {
        let it = try Embedded(recorder: Recorder(takesChunks: true))
        let bytes =
            frame(.binary, [1, 2, 3], isFinal: false) + frame(.continuation, [])
            + frame(.continuation, [4, 5], isFinal: false)
        let rest = frame(.continuation, [])
        try it.receive(Array(bytes[..<8]))
        try it.receive(Array(bytes[8..<9]))
        #expect(
            it.recorder.events.dropFirst() == [
                .chunk([1, 2], first: true, last: false), .chunk([3], first: false, last: false),
            ])
        try it.receive(Array(bytes[9..<15]))
        #expect(it.recorder.events.last == .chunk([], first: false, last: true))
        _ = rest
    }

    @Test func pongsAreAnsweredInOneWrite() throws {
        let it = try Embedded()
        try it.receive(frame(.ping, [1]) + frame(.ping, [2]) + frame(.ping, [3]))
        #expect(try it.writes() == [[0x8A, 1, 1, 0x8A, 1, 2, 0x8A, 1, 3]])
    }

    @Test func answersOfOneReadLeaveInOneWrite() throws {
        let recorder = Recorder()
        recorder.onMessage = { connection, bytes, kind in connection.trySend(bytes, as: kind) }
        let it = try Embedded(recorder: recorder)
        try it.receive((0..<50).flatMap { frame("message \($0)") })
        #expect(try it.writes().count == 1)
    }

    @Test func aLimitIsRefusedFromTheHeader() throws {
        let it = try Embedded(configuration: .init(limits: Limits(maxMessageSize: 1000)))
        try it.receive(Array(frame(.binary, Array(repeating: 1, count: 1001))[..<4]))
        #expect(try it.frames().map(\.code) == [.messageTooBig])
        #expect(it.handler.gathered == nil)
    }

    @Test func aClaimReservesButTakesNothing() throws {
        let it = try Embedded(configuration: .init(limits: Limits(maxMessageSize: 1 << 30)))
        try it.receive([0x82, 0xFF, 0, 0, 0, 0, 0x40, 0, 0, 0, 1, 2, 3, 4] + [9])
        let gathered = try #require(it.handler.gathered)
        #expect(gathered.readableBytes == 1)
        #expect(gathered.capacity <= 2 * WebSocketChannelHandler.maxReservation)
    }

    @Test func textIsCheckedAsItArrives() throws {
        let it = try Embedded()
        try it.receive(Array(frame(.text, [0x61, 0xFF, 0x61, 0x61])[..<8]))
        #expect(try it.frames().map(\.code) == [.invalidPayload])
        #expect(it.recorder.events == [.opened])
    }

    @Test func nothingIsTakenBehindTheClose() throws {
        let it = try Embedded()
        try it.receive(frame("a") + frame(.close, closing(1000)) + frame("b"))
        #expect(it.recorder.texts == ["a"])
    }

    @Test func messagesBehindOurCloseAreStillHandedOn() throws {
        let it = try Embedded()
        try it.connection.startClosing()
        try it.receive(frame("late") + frame(.close, closing(1000)))
        #expect(it.recorder.texts == ["late"])
        #expect(it.connection.closure == Closure(code: 1000, wasClean: true))
    }

    @Test func aLargeMessageIsPutTogether() throws {
        let it = try Embedded()
        let payload = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7 >> 3) }
        let bytes = frame(.binary, payload)
        for start in stride(from: 0, to: bytes.count, by: 500_000) {
            try it.receive(Array(bytes[start..<min(start + 500_000, bytes.count)]))
        }
        #expect(it.recorder.events.last == .message(payload, .binary))
        #expect(it.handler.gathered == nil)
    }
}
