import NIOCore
import NIOEmbedded
import Testing
import WebSocketCore
import WebSocketDeflate

@testable import WebSocketNIO

@Suite(.timeLimit(.minutes(1))) struct DeflatingTests {
    private static let configuration = WebSocketConfiguration(compression: DeflateConfiguration())
    private static let all = WebSocketConfiguration(compression: DeflateConfiguration(threshold: 0))

    /// Text of 100 bytes, which becomes some five.
    private static let text = String(repeating: "a", count: 100)

    // MARK: What is compressed

    @Test(arguments: [Role.server, .client]) func theThreshold(role: Role) throws {
        let configuration = WebSocketConfiguration(compression: DeflateConfiguration(threshold: 100))
        let it = try Embedded(role, configuration: configuration, compression: .takeover)
        let peer = Peer()
        for (count, isCompressed) in [(0, false), (1, false), (99, false), (100, true), (101, true)] {
            let payload = [UInt8](repeating: 0x61, count: count)
            it.connection.trySend(ByteBuffer(bytes: payload), as: .text)
            let frames = try it.frames()
            #expect(frames.map(\.isCompressed) == [isCompressed], "\(count)")
            #expect(frames.map { peer.read($0) } == [Bytes(payload)], "\(count)")
        }
    }

    @Test func anEmptyMessageNeverIs() throws {
        let it = try Embedded(configuration: Self.all, compression: .takeover)
        it.connection.trySend("")
        it.connection.trySend("Hello")
        #expect(try it.sent() == [0x81, 0, 0xC1, 7] + Hello.first)
    }

    @Test func theBytesOfTheRFC() throws {
        let it = try Embedded(configuration: Self.all, compression: .takeover)
        it.connection.trySend("Hello")
        it.connection.trySend("Hello")
        #expect(try it.sent() == [0xC1, 7] + Hello.first + [0xC1, 5] + Hello.again)
    }

    @Test func eachOneAloneIsTheSame() throws {
        let it = try Embedded(configuration: Self.all, compression: .alone)
        let expected = Peer().deflate(Self.text)
        it.connection.trySend(ByteBuffer(string: Self.text))
        it.connection.trySend(Self.text)
        let header = UInt8(expected.count)
        #expect(try it.sent() == [0xC2, header] + expected + [0xC1, header] + expected)
        #expect(it.handler.loop.deflate.compressors.count == 1)
        #expect(it.handler.deflate?.holdsMemory == false)
    }

    @Test func onlyWhereItWasAgreedOn() throws {
        let it = try Embedded(configuration: Self.all)
        it.connection.trySend("Hello")
        #expect(try it.sent() == [0x81, 5] + Hello.text)
        #expect(it.handler.deflate == nil)
    }

    @Test func onlyIfItIsWanted() throws {
        let it = try Embedded(configuration: Self.all, compression: .takeover)
        it.connection.trySend("Hello", compress: false)
        it.connection.trySend(ByteBuffer(bytes: Hello.text), compress: false)
        #expect(try it.sent() == [0x81, 5] + Hello.text + [0x82, 5] + Hello.text)
        #expect(it.handler.deflate == nil)
    }

    /// The same for those who wait.
    @Test func onlyIfItIsWantedByATask() async throws {
        try await Reading.with(configuration: Self.all, compression: .alone) { it in
            let bytes = ByteBuffer(string: Self.text)
            try await it.connection.send(Self.text, compress: false)
            try await it.connection.send(bytes, compress: false)
            try await it.connection.send(.text(Self.text), compress: false)
            try await it.connection.send(Self.text)
            try await it.connection.send(bytes)
            try await it.connection.send(.binary(bytes))
            it.connection.trySend(Self.text, compress: false)
            it.connection.trySend(Self.text)
            let frames = try await it.frames()
            #expect(frames.map(\.isCompressed) == [false, false, false, true, true, true, false, true])
            #expect(
                frames.map(\.opcode) == [.text, .binary, .text, .text, .binary, .binary, .text, .text])
            let peer = Peer(standsAlone: true)
            #expect(frames.map { peer.read($0) } == Array(repeating: Bytes(Array(Self.text.utf8)), count: 8))
        }
    }

    @Test func onlyIfItIsWantedInPieces() async throws {
        try await Reading.with(configuration: Self.all, compression: .alone) { it in
            let piece = ByteBuffer(bytes: Hello.text)
            try await it.connection.withMessage(.text, compress: false) { try await $0.write(piece) }
            let sent = try await it.sent()
            #expect(sent == [0x01, 5] + Hello.text + [0x80, 0])
            try await it.connection.withMessage(.text) { try await $0.write(piece) }
            let compressed = try await it.sent()
            #expect(compressed == [0x41, 11] + Hello.first + Compressor.tail + [0x80, 1, 0])
        }
    }

    // MARK: What it becomes

    /// Where messages stand alone, one that cannot be made smaller goes out as it is. Else the peer's window must hold it.
    @Test(arguments: [Role.server, .client]) func whatCannotBeMadeSmaller(role: Role) throws {
        let payload = noise(5000)
        let alone = try Embedded(role, configuration: Self.configuration, compression: .alone)
        alone.connection.trySend(ByteBuffer(bytes: payload))
        #expect(try alone.frames() == [.init(.binary, true, payload)])
        #expect(alone.handler.loop.deflate.compressors.count == 1)
        let it = try Embedded(role, configuration: Self.configuration, compression: .takeover)
        it.connection.trySend(ByteBuffer(bytes: payload))
        it.connection.trySend(ByteBuffer(bytes: payload))
        let frames = try it.frames()
        #expect(frames.map(\.isCompressed) == [true, true])
        #expect(frames[0].payload.count > 5000 && frames[1].payload.count < 100)
        let peer = Peer()
        #expect(frames.map { peer.read($0) } == [Bytes(payload), Bytes(payload)])
    }

    /// Some fit into the outbox, some do not, and some do not fit into the buffer that they are compressed into.
    @Test(arguments: [Role.server, .client], [PerMessageDeflate.takeover, .alone])
    func sizes(role: Role, agreement: PerMessageDeflate) throws {
        let it = try Embedded(role, configuration: Self.configuration, compression: agreement)
        let peer = Peer(standsAlone: agreement == .alone)
        for count in [1000, 7000, 9000, 100_000, 120_000, 140_000, 300_000] {
            let payload = digits(count)
            let original = ByteBuffer(bytes: payload)
            it.connection.trySend(original, as: .text)
            let frames = try it.frames()
            #expect(frames.map(\.isCompressed) == [true])
            #expect(frames.map(\.payload.count).allSatisfy { $0 < count * 2 / 3 + 100 })
            #expect(frames.map { peer.read($0) } == [Bytes(payload)])
            // Neither compressing nor masking touches what the caller holds.
            #expect(original == ByteBuffer(bytes: payload))
        }
    }

    /// Large ones that wait in the channel are not written over by those that follow.
    @Test func manyLargeOnesAtOnce() throws {
        let it = try Embedded(configuration: Self.configuration, compression: .alone)
        let payloads = (0..<10).map { [UInt8($0)] + digits(20_000 + 20_000 * $0) }
        for payload in payloads { it.connection.trySend(ByteBuffer(bytes: payload)) }
        let peer = Peer(standsAlone: true)
        #expect(try it.frames().map { peer.read($0) } == payloads.map { Bytes($0) })
    }

    @Test func theOrder() throws {
        let it = try Embedded(configuration: Self.configuration, compression: .takeover)
        let payloads = [
            digits(300), digits(10), digits(100_000), noise(50), digits(10_000), noise(20_000), digits(300),
        ]
        for payload in payloads { it.connection.trySend(ByteBuffer(bytes: payload), compress: payload.count != 10_000) }
        let frames = try it.frames()
        #expect(frames.map(\.isCompressed) == [true, false, true, false, false, true, true])
        let peer = Peer()
        #expect(frames.map { peer.read($0) } == payloads.map { Bytes($0) })
    }

    @Test func aClientMasksWithKeysOfTheirOwn() throws {
        let it = try Embedded(.client, configuration: Self.all, compression: .takeover)
        it.connection.trySend("Hello")
        it.connection.trySend("Hello")
        let bytes = try it.sent()
        try #require(bytes.count == 13 + 11)
        for (start, expected) in [(0, Hello.first), (13, Hello.again)] {
            #expect(Array(bytes[start..<start + 2]) == [0xC1, 0x80 | UInt8(expected.count)])
            let key = Array(bytes[start + 2..<start + 6])
            let payload = bytes[(start + 6)...].prefix(expected.count).enumerated().map { $1 ^ key[$0 % 4] }
            #expect(payload == expected)
        }
        #expect(Array(bytes[2..<6]) != Array(bytes[15..<19]))
    }

    @Test func controlFramesNeverAre() throws {
        let it = try Embedded(configuration: Self.all, compression: .takeover)
        let payload = [UInt8](repeating: 0x61, count: 120)
        try it.receive(frame(.ping, payload))
        it.handler.ping(payload, LoopWait()) { _ in }
        try it.connection.startClosing(reason: String(repeating: "a", count: 120))
        let bytes = try it.sent()
        #expect(bytes.count == 122 + 122 + 124)
        #expect([bytes[0], bytes[122], bytes[244]] == [0x8A, 0x89, 0x88])
        #expect(it.handler.deflate == nil)
    }

    /// Answers to what is inflated are compressed meanwhile, and leave in one write.
    @Test func answersFromWithin() throws {
        let recorder = Recorder()
        recorder.onMessage = { connection, bytes, kind in connection.trySend(bytes, as: kind) }
        let it = try Embedded(configuration: Self.configuration, compression: .takeover, recorder: recorder)
        let peer = Peer()
        let payloads = (0..<20).map { digits(300 + $0) }
        try it.receive(payloads.flatMap { frame(.text, peer.deflate($0), isCompressed: true) })
        let writes = try it.writes()
        #expect(writes.count == 1)
        let frames = Embedded.Frame.all(in: writes.flatMap { $0 }, from: .server)
        #expect(frames.map { peer.read($0) } == payloads.map { Bytes($0) })
    }

    // MARK: What was agreed on

    /// zlib cannot compress with a window of 2^8: then messages go out as they are. Inflating is no difficulty.
    @Test func theSmallestWindow() throws {
        let agreement = PerMessageDeflate(clientMaxWindowBits: 8)
        let client = try Embedded(.client, configuration: Self.all, compression: agreement)
        client.connection.trySend("Hello")
        client.handler.beginPieces(.text, compress: true, LoopWait()) { _ in }
        client.handler.enqueuePiece(ByteBuffer(bytes: Hello.text), isFinal: false)
        client.handler.enqueuePiece(ByteBuffer(), isFinal: true)
        client.handler.endPieces()
        #expect(
            try client.frames() == [
                .init(.text, true, Hello.text), .init(.text, false, Hello.text), .init(.continuation, true, []),
            ])
        try client.receive(frame(.text, Hello.first, to: .client, isCompressed: true))
        try client.receive(frame(.text, Hello.again, to: .client, isCompressed: true))
        #expect(client.recorder.texts == ["Hello", "Hello"])
        let server = try Embedded(configuration: Self.all, compression: agreement)
        try server.receive(frame(.text, Hello.first, isCompressed: true))
        try server.receive(frame(.text, Hello.again, isCompressed: true))
        #expect(server.recorder.texts == ["Hello", "Hello"])
        server.connection.trySend("Hello")
        #expect(try server.sent() == [0xC1, 7] + Hello.first)
    }

    /// A peer with a window of the agreed size, and no larger one, understands.
    @Test(arguments: [9, 10, 12]) func theWindowIsKept(bits: Int) throws {
        let agreement = PerMessageDeflate(serverMaxWindowBits: bits, clientMaxWindowBits: bits)
        for role in [Role.server, .client] {
            let it = try Embedded(role, configuration: Self.configuration, compression: agreement)
            let payload = noise(1 << bits) + noise(1 << bits) + noise(300)
            it.connection.trySend(ByteBuffer(bytes: payload))
            let frames = try it.frames()
            let peer = Peer(windowBits: bits)
            #expect(frames.map { peer.read($0) } == [Bytes(payload)])
            #expect(frames[0].payload.count > 2 << bits)
        }
    }

    /// This end may bind itself to less than was agreed on.
    @Test func theConfigurationBindsToo() throws {
        let configuration = WebSocketConfiguration(compression: DeflateConfiguration(level: 9, serverMaxWindowBits: 9))
        let it = try Embedded(configuration: configuration, compression: .takeover)
        let payload = noise(2000) + noise(2000)
        it.connection.trySend(ByteBuffer(bytes: payload))
        let frames = try it.frames()
        let peer = Peer(windowBits: 9)
        #expect(frames.map { peer.read($0) } == [Bytes(payload)])
    }
}
