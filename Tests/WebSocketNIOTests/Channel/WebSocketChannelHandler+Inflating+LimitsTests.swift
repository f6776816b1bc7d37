import NIOCore
import NIOEmbedded
import Testing
import WebSocketCore
import WebSocketDeflate

@testable import WebSocketNIO

/// What is refused while it is inflated.
@Suite(.timeLimit(.minutes(2))) struct InflatingLimitsTests {
    private static let configuration = WebSocketConfiguration(compression: DeflateConfiguration())

    private static func limited(_ limit: Int, maxRatio: Int? = nil) -> WebSocketConfiguration {
        WebSocketConfiguration(limits: Limits(maxMessageSize: limit), compression: .init(maxRatio: maxRatio))
    }

    // MARK: Limits

    private static let bomb = Peer().deflate([UInt8](repeating: 0, count: 10 << 20))

    @Test(arguments: [1, 1000, 100_000]) func aBombIsNotCollected(piece: Int) throws {
        let limit = 100_000
        #expect(Self.bomb.count < 11_000)
        let it = try Embedded(configuration: Self.limited(limit), compression: .takeover)
        let bytes = frame(.binary, Self.bomb, isCompressed: true)
        var most = 0
        for start in stride(from: 0, to: bytes.count, by: piece) where it.connection.readyState == .open {
            try it.receive(Array(bytes[start..<min(start + piece, bytes.count)]))
            most = max(most, it.handler.gathered?.readableBytes ?? 0)
        }
        #expect(it.recorder.events == [.opened])
        #expect(try it.frames().map(\.code) == [.messageTooBig])
        #expect(most <= limit + LoopResources.scratchSize)
        #expect(it.handler.gathered?.capacity ?? 0 <= 4 * limit)
        // What comes behind it is thrown away.
        try it.receive(frame("behind"))
        #expect(it.recorder.events == [.opened])
    }

    @Test func aBombIsNotHandedOnBeyondTheLimit() async throws {
        let limit = 100_000
        let it = try Embedded(
            configuration: Self.limited(limit), compression: .takeover, recorder: Recorder(takesChunks: true))
        try it.receive(frame(.binary, Self.bomb, isCompressed: true))
        #expect(it.recorder.pieceBytes <= limit)
        #expect(it.recorder.joined == nil)
        #expect(try it.frames().map(\.code) == [.messageTooBig])
        try await Reading.with(configuration: Self.limited(limit), compression: .takeover) { it in
            try await it.receive(frame(.binary, Self.bomb, isCompressed: true))
            #expect(it.queue.count <= 2)
            let frames = try await it.frames()
            #expect(frames.map(\.code) == [.messageTooBig])
            try await it.endInput()
            let read = try await it.readToEnd()
            #expect(read.messages == [] && !read.wasClean)
            #expect(it.connection.closure?.error?.closeCode == .messageTooBig)
        }
    }

    @Test(arguments: [10, 65_535, 65_536, 100_000]) func theLimitIsExact(limit: Int) throws {
        let it = try Embedded(configuration: Self.limited(limit), compression: .takeover)
        let peer = Peer()
        let most = [UInt8](repeating: 0x61, count: limit)
        try it.receive(frame(.text, peer.deflate(most), isCompressed: true))
        #expect(it.recorder.events == [.opened, .message(most, .text)])
        try it.receive(frame(.text, peer.deflate(most + [0x61]), isCompressed: true))
        #expect(it.recorder.events.count == 2)
        #expect(try it.frames().map(\.code) == [.messageTooBig])
    }

    /// What deflate makes larger than the limit still is a message of the limit.
    @Test func theLimitIsAboutTheMessage() throws {
        let payload = noise(1000)
        let compressed = Peer().deflate(payload)
        #expect(compressed.count > 1000)
        let it = try Embedded(configuration: Self.limited(1000), compression: .takeover)
        try it.receive(frame(.binary, compressed, isCompressed: true))
        #expect(it.recorder.events == [.opened, .message(payload, .binary)])
        let plain = try Embedded(configuration: Self.limited(1000), compression: .takeover)
        try plain.receive(frame(.binary, compressed))
        #expect(try plain.frames().map(\.code) == [.messageTooBig])
    }

    /// But not by more than an eighth and 64 bytes, which the header tells.
    @Test(arguments: [(1189, nil), (1190, .messageTooBig)] as [(Int, CloseCode?)])
    func theLimitOnTheWire(count: Int, code: CloseCode?) throws {
        let it = try Embedded(configuration: Self.limited(1000), compression: .takeover)
        try it.receive([0xC2, 0xFE, UInt8(count >> 8), UInt8(count & 0xFF)])
        #expect(try it.frames().map(\.code) == (code.map { [$0] } ?? []))
    }

    @Test func theRatio() throws {
        let it = try Embedded(configuration: Self.limited(16 << 20, maxRatio: 100), compression: .takeover)
        let peer = Peer()
        // Half as large, and a short one, which is no attack.
        try it.receive(frame(.binary, peer.deflate(digits(200_000)), isCompressed: true))
        try it.receive(
            frame(
                .binary, peer.deflate([UInt8](repeating: 0, count: DeflateConfiguration.ratioFloor)), isCompressed: true
            ))
        #expect(it.recorder.events.count == 3)
        #expect(try it.frames() == [])
        try it.receive(frame(.binary, peer.deflate([UInt8](repeating: 0, count: 1 << 20)), isCompressed: true))
        #expect(it.recorder.events.count == 3)
        let frames = try it.frames()
        #expect(frames.map(\.code) == [.messageTooBig])
        #expect(frames.first.map { String(decoding: $0.payload, as: UTF8.self) }?.contains("100 times") == true)
    }

    // MARK: Bad data

    @Test(
        arguments: [
            [], [0xff], [0x06, 0x00], [0xf2], Array(Hello.first[..<6]), Hello.again,
            [0x00, 0x05, 0x00, 0x00, 0x00],
        ] as [[UInt8]], [Role.server, .client])
    func whatIsNotDeflate(bytes: [UInt8], role: Role) throws {
        for isDripped in [false, true] {
            let it = try Embedded(role, configuration: Self.configuration, compression: .takeover)
            let whole = frame(.binary, bytes, to: role, isCompressed: true)
            for read in isDripped ? whole.map({ [$0] }) : [whole] { try it.receive(read) }
            #expect(it.recorder.events == [.opened])
            #expect(try it.frames().map(\.code) == [.invalidPayload])
        }
    }

    @Test(
        arguments: [
            [0x61, 0xFF], [0xC3], [0xED, 0xA0, 0x80], digits(70_000) + [0xFF], digits(65_535) + [0xC3, 0x28],
            digits(65_536) + [0xC3],
        ])
    func textThatIsNotUTF8(text: [UInt8]) throws {
        let compressed = Peer().deflate(text)
        for size in [Int.max, 1000] {
            let it = try Embedded(configuration: Self.configuration, compression: .takeover)
            let bytes = frame(.text, compressed, isCompressed: true)
            for start in stride(from: 0, to: bytes.count, by: min(size, bytes.count)) {
                try it.receive(Array(bytes[start..<min(start + min(size, bytes.count), bytes.count)]))
            }
            #expect(it.recorder.events == [.opened])
            #expect(try it.frames().map(\.code) == [.invalidPayload])
        }
        // It is no concern of binary messages.
        let it = try Embedded(configuration: Self.configuration, compression: .takeover)
        try it.receive(frame(.binary, compressed, isCompressed: true))
        #expect(it.recorder.events == [.opened, .message(text, .binary)])
    }

    /// A character may be cut by fragments and by the buffer it is inflated into; a wrong one may not.
    @Test func textOverFragments() throws {
        let peer = Peer()
        let (first, second) = (peer.flush(digits(65_535) + [0xC3]), peer.flush([0xA9]) + [Compressor.emptyBlock])
        let it = try Embedded(configuration: Self.configuration, compression: .takeover)
        try it.receive(frame(.text, first, isFinal: false, isCompressed: true))
        try it.receive(frame(.continuation, second))
        #expect(it.recorder.events == [.opened, .message(digits(65_535) + [0xC3, 0xA9], .text)])
        let other = Peer()
        let (cut, wrong) = (other.flush([0x61, 0xC3]), other.flush([0x61]) + [Compressor.emptyBlock])
        let bad = try Embedded(configuration: Self.configuration, compression: .takeover)
        try bad.receive(frame(.text, cut, isFinal: false, isCompressed: true))
        #expect(bad.connection.readyState == .open)
        try bad.receive(frame(.continuation, wrong))
        #expect(bad.recorder.events == [.opened])
        #expect(try bad.frames().map(\.code) == [.invalidPayload])
    }

    /// What came before the bad data is handed on, and nothing behind it.
    @Test func theMessagesBeforeStay() throws {
        let it = try Embedded(configuration: Self.configuration, compression: .takeover)
        try it.receive(
            frame(.text, Hello.first, isCompressed: true) + frame(.binary, [0xff], isCompressed: true) + frame("no"))
        #expect(it.recorder.events == [.opened, .message(Hello.text, .text)])
    }
}
