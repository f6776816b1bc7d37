import NIOCore
import NIOEmbedded
import Testing
import WebSocketCore
import WebSocketDeflate

@testable import WebSocketNIO

@Suite(.timeLimit(.minutes(1))) struct PiecesTests {
    @Test func messagesWaitForOneInPieces() throws {
        let it = try Embedded()
        var begun: [Int] = []
        it.handler.beginPieces(.text, compress: true, LoopWait()) { _ in begun.append(1) }
        it.handler.enqueuePiece(ByteBuffer(string: "a"), isFinal: false)
        it.connection.trySend("between")
        it.handler.beginPieces(.binary, compress: true, LoopWait()) { _ in begun.append(2) }
        #expect(begun == [1])
        it.handler.enqueuePiece(ByteBuffer(string: "b"), isFinal: true)
        it.handler.endPieces()
        #expect(begun == [1, 2])
        it.handler.enqueuePiece(ByteBuffer(string: "c"), isFinal: true)
        it.handler.endPieces()
        #expect(
            try it.frames() == [
                .init(.text, false, [0x61]), .init(.continuation, true, [0x62]),
                .init(.text, true, Array("between".utf8)), .init(.binary, true, [0x63]),
            ])
        #expect(it.handler.hot.pointee.heldBytes == 0)
        #expect(!it.handler.canSendPiece(of: 1))
    }

    @Test func controlFramesDoNotWaitForPieces() throws {
        let it = try Embedded()
        it.handler.beginPieces(.text, compress: true, LoopWait()) { _ in }
        it.handler.enqueuePiece(ByteBuffer(string: "a"), isFinal: false)
        try it.receive(frame(.ping, [5]))
        #expect(try it.frames().map(\.opcode) == [.text, .pong])
    }

    @Test func anAbandonedMessageClosesWith1011() throws {
        let it = try Embedded()
        it.handler.beginPieces(.text, compress: true, LoopWait()) { _ in }
        it.handler.enqueuePiece(ByteBuffer(string: "a"), isFinal: false)
        it.handler.abandonPieces()
        #expect(try it.frames().map(\.code) == [nil, .internalError])
    }

    @Test func aMessageAbandonedBeforeItBeganHarmsNothing() throws {
        let it = try Embedded()
        it.handler.beginPieces(.text, compress: true, LoopWait()) { _ in }
        it.handler.abandonPieces()
        it.connection.trySend("on")
        #expect(try it.frames() == [.init(.text, true, Array("on".utf8))])
        #expect(it.connection.readyState == .open)
    }

    /// A handler that was told to slow down because a message in pieces is under way is told to go on.
    @Test func slowBecauseOfPiecesIsFollowedByDrained() throws {
        let it = try Embedded(configuration: .init(sendBuffer: 1000))
        it.handler.beginPieces(.text, compress: true, LoopWait()) { _ in }
        it.handler.enqueuePiece(ByteBuffer(string: "a"), isFinal: false)
        #expect(it.connection.trySend(ByteBuffer(repeating: 1, count: 600)) == .sent)
        #expect(it.connection.trySend(ByteBuffer(repeating: 1, count: 600)) == .slow)
        it.handler.enqueuePiece(ByteBuffer(), isFinal: true)
        it.handler.endPieces()
        #expect(it.recorder.events == [.opened, .drained])
    }

    /// Empty messages that wait for one in pieces count, and stop the peer that causes them.
    @Test func heldMessagesAreBounded() throws {
        let it = try Embedded(configuration: .init(sendBuffer: 1000, maxSendBuffer: 2000))
        it.handler.beginPieces(.text, compress: true, LoopWait()) { _ in }
        var results: [SendResult] = []
        for _ in 0..<40 { results.append(it.connection.trySend(ByteBuffer())) }
        #expect(results.first == .sent)
        #expect(results.last == .full)
        it.channel.pipeline.read()
        #expect(it.handler.isReadDeferred)
        it.handler.enqueuePiece(ByteBuffer(), isFinal: true)
        it.handler.endPieces()
        #expect(!it.handler.isReadDeferred)
        #expect(it.recorder.events.last == .drained)
    }

    // MARK: Compressed

    private static let configuration = WebSocketConfiguration(compression: DeflateConfiguration())

    /// Each piece can be read as soon as it is there, and all of them are one compressed message.
    @Test(arguments: [Role.server, .client], [PerMessageDeflate.takeover, .alone])
    func eachPieceIsThereAtOnce(role: Role, agreement: PerMessageDeflate) throws {
        let it = try Embedded(role, configuration: Self.configuration, compression: agreement)
        let peer = Peer(standsAlone: agreement == .alone)
        for _ in 0..<2 {
            it.handler.beginPieces(.text, compress: true, LoopWait()) { _ in }
            for (index, text) in ["one ", "two ", "one two "].enumerated() {
                it.handler.enqueuePiece(ByteBuffer(string: text), isFinal: false)
                let bytes = try it.sent()
                // RSV1 stands on the first frame only (RFC 7692, section 6).
                #expect(bytes.first == (index == 0 ? 0x41 : 0x00))
                let frame = try #require(
                    Embedded.Frame.all(in: [index == 0 ? bytes[0] : 0x41] + bytes.dropFirst(), from: role).first)
                let inflated = peer.inflate(frame.payload, isFirst: index == 0, isLast: false)
                #expect(inflated == Bytes(Array(text.utf8)))
            }
            it.handler.enqueuePiece(ByteBuffer(), isFinal: true)
            it.handler.endPieces()
            let end = try it.sent()
            #expect(end.first == 0x80)
            let masked = role == .client
            #expect(end.count == (masked ? 7 : 3))
            #expect(masked ? end[6] ^ end[2] == 0 : end[2] == 0)
            let rest = peer.inflate([0x00], isFirst: false)
            #expect(rest == Bytes([]))
        }
    }

    @Test func anEmptyMessageInPiecesIsNotCompressed() throws {
        let it = try Embedded(configuration: Self.configuration, compression: .takeover)
        it.handler.beginPieces(.text, compress: true, LoopWait()) { _ in }
        it.handler.enqueuePiece(ByteBuffer(), isFinal: true)
        it.handler.endPieces()
        #expect(try it.sent() == [0x81, 0])
    }

    @Test func emptyPieces() throws {
        let it = try Embedded(configuration: Self.configuration, compression: .takeover)
        it.handler.beginPieces(.text, compress: true, LoopWait()) { _ in }
        it.handler.enqueuePiece(ByteBuffer(), isFinal: false)
        it.handler.enqueuePiece(ByteBuffer(), isFinal: false)
        it.handler.enqueuePiece(ByteBuffer(), isFinal: true)
        it.handler.endPieces()
        #expect(try it.sent() == [0x41, 0, 0x00, 0, 0x80, 1, 0x00])
        #expect(Peer().inflate([0x00]) == Bytes([]))
    }

    @Test func notToBeCompressed() throws {
        let it = try Embedded(configuration: Self.configuration, compression: .takeover)
        it.handler.beginPieces(.binary, compress: false, LoopWait()) { _ in }
        it.handler.enqueuePiece(ByteBuffer(bytes: Hello.text), isFinal: false)
        it.handler.enqueuePiece(ByteBuffer(), isFinal: true)
        it.handler.endPieces()
        #expect(try it.sent() == [0x02, 5] + Hello.text + [0x80, 0])
        #expect(it.handler.deflate == nil)
    }

    /// Pieces that are larger than any buffer here.
    @Test(arguments: [Role.server, .client]) func largePieces(role: Role) throws {
        let it = try Embedded(role, configuration: Self.configuration, compression: .takeover)
        let piece = digits(300_000)
        it.handler.beginPieces(.binary, compress: true, LoopWait()) { _ in }
        it.handler.enqueuePiece(ByteBuffer(bytes: piece), isFinal: false)
        it.handler.enqueuePiece(ByteBuffer(bytes: noise(100_000)), isFinal: false)
        it.handler.enqueuePiece(ByteBuffer(), isFinal: true)
        it.handler.endPieces()
        let frames = try it.frames()
        #expect(frames.count == 3 && frames.last?.isFinal == true)
        let inflated = Peer().inflate(frames.flatMap(\.payload))
        #expect(inflated == Bytes(piece + noise(100_000)))
    }

    /// What waited for the pieces is compressed behind them: each message refers to what really came before it.
    @Test func heldMessagesAreCompressedBehind() throws {
        let it = try Embedded(configuration: Self.configuration, compression: .takeover)
        let (first, second) = (digits(1000), Array("second".utf8) + digits(1000))
        it.handler.beginPieces(.text, compress: true, LoopWait()) { _ in }
        it.handler.enqueuePiece(ByteBuffer(bytes: first), isFinal: false)
        #expect(it.connection.trySend(ByteBuffer(bytes: second), as: .text) == .sent)
        #expect(it.connection.trySend(ByteBuffer(bytes: first), compress: false) == .sent)
        it.handler.enqueuePiece(ByteBuffer(), isFinal: true)
        it.handler.endPieces()
        it.connection.trySend(ByteBuffer(bytes: first), as: .text)
        let frames = try it.frames()
        try #require(frames.map(\.opcode) == [.text, .continuation, .text, .binary, .text])
        #expect(frames.map(\.isCompressed) == [true, true, true, false, true])
        let peer = Peer()
        #expect(peer.inflate(frames[0].payload + frames[1].payload) == Bytes(first))
        #expect(peer.read(frames[2]) == Bytes(second))
        #expect(frames[2].payload.count < 100)
        #expect(frames[3].payload == first)
        #expect(peer.read(frames[4]) == Bytes(first))
        #expect(frames[4].payload.count < 100)
    }

    @Test func theStateIsKeptUntilTheMessageIsDone() throws {
        let it = try Embedded(configuration: Self.configuration, compression: .alone)
        it.handler.beginPieces(.text, compress: true, LoopWait()) { _ in }
        it.handler.enqueuePiece(ByteBuffer(string: "a"), isFinal: false)
        #expect(it.handler.deflate?.holdsMemory == true)
        #expect(it.handler.loop.deflate.compressors.count == 0)
        it.handler.enqueuePiece(ByteBuffer(), isFinal: true)
        it.handler.endPieces()
        #expect(it.handler.deflate?.holdsMemory == false)
        #expect(it.handler.loop.deflate.compressors.count == 1)
    }

    @Test func anAbandonedMessageGivesItsStateBack() throws {
        let it = try Embedded(configuration: Self.configuration, compression: .alone)
        it.handler.beginPieces(.text, compress: true, LoopWait()) { _ in }
        it.handler.enqueuePiece(ByteBuffer(string: "a"), isFinal: false)
        it.handler.abandonPieces()
        #expect(it.handler.loop.deflate.compressors.count == 1)
        #expect(it.handler.deflate?.isCompressingPieces == false)
        #expect(try it.frames().map(\.code) == [nil, .internalError])
    }

    /// One that was never begun leaves nothing behind: the next one is not taken for it.
    @Test func aMessageAbandonedBeforeItBeganIsNotCompressed() throws {
        let it = try Embedded(configuration: Self.configuration, compression: .takeover)
        it.handler.beginPieces(.text, compress: true, LoopWait()) { _ in }
        it.handler.abandonPieces()
        it.handler.beginPieces(.text, compress: false, LoopWait()) { _ in }
        it.handler.enqueuePiece(ByteBuffer(string: "a"), isFinal: false)
        #expect(try it.sent() == [0x01, 1, 0x61])
    }

    /// Control frames go between compressed pieces as they are.
    @Test func controlFramesBetweenCompressedPieces() throws {
        let it = try Embedded(configuration: Self.configuration, compression: .takeover)
        it.handler.beginPieces(.text, compress: true, LoopWait()) { _ in }
        it.handler.enqueuePiece(ByteBuffer(string: "a"), isFinal: false)
        try it.receive(frame(.ping, [5]))
        #expect(try it.sent().suffix(3) == [0x8A, 1, 5])
    }
}
