import NIOCore
import NIOEmbedded
import Testing
import WebSocketCore
import WebSocketDeflate

@testable import WebSocketNIO

@Suite(.timeLimit(.minutes(2))) struct InflatingTests {
    private static let configuration = WebSocketConfiguration(compression: DeflateConfiguration())

    // MARK: What comes out

    /// Text that refers to what came before, an empty message, a plain one, and one in fragments around a ping.
    private static func stream(to role: Role) -> [UInt8] {
        [
            frame(.text, Hello.first, to: role, isCompressed: true),
            frame(.text, Hello.again, to: role, isCompressed: true),
            frame(.binary, [0x00], to: role, isCompressed: true),
            frame("plain", to: role),
            frame(.text, Array(Hello.first[..<3]), to: role, isFinal: false, isCompressed: true),
            frame(.ping, [1, 2], to: role),
            frame(.continuation, [], to: role, isFinal: false),
            frame(.continuation, Array(Hello.first[3...]), to: role),
            frame(.binary, Hello.again, to: role, isFinal: false, isCompressed: true),
            frame(.continuation, [], to: role),
        ].flatMap { $0 }
    }

    private static let payloads = [Hello.text, Hello.text, [], Array("plain".utf8), Hello.text, Hello.text]
    private static let messages: [Recorder.Event] = [
        .opened, .message(Hello.text, .text), .message(Hello.text, .text), .message([], .binary),
        .message(Array("plain".utf8), .text), .message(Hello.text, .text), .message(Hello.text, .binary),
    ]

    @Test(arguments: [Role.server, .client]) func wholeReads(role: Role) throws {
        let it = try Embedded(role, configuration: Self.configuration, compression: .takeover)
        try it.receive(Self.stream(to: role))
        #expect(it.recorder.events == Self.messages)
        #expect(try it.frames() == [.init(.pong, true, [1, 2])])
    }

    @Test(arguments: 1...stream(to: .server).count - 1) func splitInTwo(at split: Int) throws {
        let stream = Self.stream(to: .server)
        let it = try Embedded(configuration: Self.configuration, compression: .takeover)
        try it.receive(Array(stream[..<split]))
        try it.receive(Array(stream[split...]))
        #expect(it.recorder.events == Self.messages)
    }

    @Test(arguments: [Role.server, .client]) func dripped(role: Role) throws {
        let it = try Embedded(role, configuration: Self.configuration, compression: .takeover)
        for byte in Self.stream(to: role) { try it.receive([byte]) }
        #expect(it.recorder.events == Self.messages)
        #expect(try it.frames() == [.init(.pong, true, [1, 2])])
        #expect(it.handler.gathered == nil && it.handler.carry == nil)
    }

    @Test(arguments: [Role.server, .client], [1, 5, 1000]) func inPieces(role: Role, size: Int) throws {
        let it = try Embedded(
            role, configuration: Self.configuration, compression: .takeover, recorder: Recorder(takesChunks: true))
        let stream = Self.stream(to: role)
        for start in stride(from: 0, to: stream.count, by: size) {
            try it.receive(Array(stream[start..<min(start + size, stream.count)]))
        }
        #expect(it.recorder.joined == Self.payloads.map { Bytes($0) })
    }

    @Test(arguments: [Role.server, .client], [1, 5, 1000]) func toAReader(role: Role, size: Int) async throws {
        try await Reading.with(role, configuration: Self.configuration, compression: .takeover) { it in
            let stream = Self.stream(to: role) + frame(.close, closing(1000), to: role)
            for start in stride(from: 0, to: stream.count, by: size) {
                try await it.receive(Array(stream[start..<min(start + size, stream.count)]))
            }
            try await it.endInput()
            let read = try await it.readToEnd()
            #expect(read.messages == Self.payloads.map { Bytes($0) })
            #expect(read.wasClean)
        }
    }

    /// Larger than the buffer it is inflated into, and just as large.
    @Test(arguments: [65_535, 65_536, 65_537, 131_072, 200_000], [false, true])
    func largerThanTheScratch(count: Int, takesChunks: Bool) throws {
        let payload = digits(count)
        let it = try Embedded(
            configuration: Self.configuration, compression: .takeover, recorder: Recorder(takesChunks: takesChunks))
        let peer = Peer()
        for _ in 0..<2 { try it.receive(frame(.text, peer.deflate(payload), isCompressed: true)) }
        if takesChunks {
            #expect(it.recorder.joined == [Bytes(payload), Bytes(payload)])
            for case .chunk(let bytes, _, _) in it.recorder.events { #expect(bytes.count <= LoopResources.scratchSize) }
        } else {
            #expect(it.recorder.events == [.opened, .message(payload, .text), .message(payload, .text)])
        }
        #expect(it.handler.gathered == nil)
    }

    @Test func largeToAReader() async throws {
        let payload = digits(200_000)
        let compressed = Peer().deflate(payload)
        try await Reading.with(configuration: Self.configuration, compression: .takeover) { it in
            try await it.receive(frame(.binary, compressed, isCompressed: true) + frame(.close, closing(1000)))
            let read = try await it.readToEnd()
            #expect(read.messages == [Bytes(payload)])
        }
    }

    /// A handler may keep what it was given: it is not written over by what comes next.
    @Test func whatIsKeptStays() throws {
        let recorder = Recorder()
        var kept: [ByteBuffer] = []
        recorder.onMessage = { _, bytes, _ in kept.append(bytes) }
        let it = try Embedded(configuration: Self.configuration, compression: .takeover, recorder: recorder)
        let peer = Peer()
        for number in 0..<10 { try it.receive(frame(.text, peer.deflate("message \(number)"), isCompressed: true)) }
        #expect(kept.map { String(buffer: $0) } == (0..<10).map { "message \($0)" })
    }

    // MARK: The context

    @Test func withoutContextTheStateGoesBackToTheLoop() throws {
        let it = try Embedded(configuration: Self.configuration, compression: .alone)
        #expect(it.handler.loop.deflate.decompressors.count == 0)
        try it.receive(frame(.text, Hello.first, isCompressed: true))
        #expect(it.handler.loop.deflate.decompressors.count == 1)
        // One that is under way keeps it.
        try it.receive(frame(.text, Array(Hello.first[..<3]), isFinal: false, isCompressed: true))
        #expect(it.handler.loop.deflate.decompressors.count == 0)
        try it.receive(frame(.continuation, Array(Hello.first[3...])))
        #expect(it.handler.loop.deflate.decompressors.count == 1)
        #expect(it.recorder.texts == ["Hello", "Hello"])
        #expect(it.handler.deflate?.holdsMemory == false)
    }

    /// There is nothing that a message could refer to: that its state was used before does not show.
    @Test(arguments: [Role.server, .client]) func withoutContextNothingCanBeReferredTo(role: Role) throws {
        let it = try Embedded(role, configuration: Self.configuration, compression: .alone)
        try it.receive(frame(.text, Hello.first, to: role, isCompressed: true))
        try it.receive(frame(.text, Hello.again, to: role, isCompressed: true))
        #expect(it.recorder.texts == ["Hello"])
        #expect(try it.frames().map(\.code) == [.invalidPayload])
    }

    /// Which end's context is kept is agreed on for each by itself.
    @Test func oneEndMayStandAlone() throws {
        let agreement = PerMessageDeflate(serverNoContextTakeover: true)
        let server = try Embedded(configuration: Self.configuration, compression: agreement)
        try server.receive(frame(.text, Hello.first, isCompressed: true))
        try server.receive(frame(.text, Hello.again, isCompressed: true))
        #expect(server.recorder.texts == ["Hello", "Hello"])
        let client = try Embedded(.client, configuration: Self.configuration, compression: agreement)
        try client.receive(frame(.text, Hello.first, to: .client, isCompressed: true))
        try client.receive(frame(.text, Hello.again, to: .client, isCompressed: true))
        #expect(client.recorder.texts == ["Hello"])
        #expect(try client.frames().map(\.code) == [.invalidPayload])
    }

    // MARK: Where the bit may stand

    @Test(arguments: [Role.server, .client]) func theBitOnAContinuation(role: Role) throws {
        let it = try Embedded(role, configuration: Self.configuration, compression: .takeover)
        try it.receive(
            frame(.text, Array(Hello.first[..<3]), to: role, isFinal: false, isCompressed: true)
                + frame(.continuation, Array(Hello.first[3...]), to: role, isCompressed: true))
        #expect(it.recorder.events == [.opened])
        #expect(try it.frames().map(\.code) == [.protocolError])
    }

    @Test(arguments: [Opcode.ping, .pong, .close], [Role.server, .client])
    func theBitOnAControlFrame(opcode: Opcode, role: Role) throws {
        let it = try Embedded(role, configuration: Self.configuration, compression: .takeover)
        try it.receive(frame(opcode, [], to: role, isCompressed: true))
        #expect(try it.frames().map(\.code) == [.protocolError])
    }

    /// It needs an agreement, not only a configuration.
    @Test(arguments: [Role.server, .client]) func theBitWithoutAnAgreement(role: Role) throws {
        let it = try Embedded(role, configuration: Self.configuration)
        try it.receive(frame(.text, Hello.first, to: role, isCompressed: true))
        #expect(it.recorder.events == [.opened])
        #expect(try it.frames().map(\.code) == [.protocolError])
    }
}
