import NIOCore
import TestSupport
import Testing
import WebSocketClient
import WebSocketCore
import WebSocketNIO

/// The checklist's `Send-…`, `interfaces/WebSocket/send/`, `binary/`, extended-payload-length, readyState and binaryType.
@Suite(.timeLimit(.minutes(1)))
struct SendTests {
    /// What an echo server sends back.
    private func echo(
        binaryType: BinaryType = .blob, _ send: @escaping @Sendable (WebSocket) throws -> Void
    ) async throws -> MessageEvent.Data? {
        try await SocketServer.with { server in
            let ws = try WebSocket(server.url())
            ws.binaryType = binaryType
            let messages = Mailbox<MessageEvent.Data>()
            ws.onopen = { _ in #expect(throws: Never.self) { try send(ws) } }
            ws.onmessage = { messages.post($0.data) }
            let data = await messages.next()
            try ws.close()
            return data
        }
    }

    /// Send-data, Send-0byte-data, Send-65K-data, Send-unicode-data, Send-paired-surrogates, send/009, 011,
    /// extended-payload-length. A lone surrogate is no character of a Swift string: decoding made U+FFFD of it.
    @Test(
        arguments: [
            "", "Message to send", String(repeating: "c", count: 65_000), "¥¥¥¥¥¥", "\u{10407}", "\0", "\u{FEFF}bom",
            "\u{E5} a\u{30A} \u{1D107} \u{10000} \u{10FFFF} \u{2028}",
            String(decoding: [0xD800] as [UInt16], as: UTF16.self),
        ] + [125, 126, 127, 65_535, 65_536].map { String(repeating: "x", count: $0) })
    func text(text: String) async throws {
        let data = try await self.echo { try $0.send(text) }
        guard case .string(let found)? = data else {
            Issue.record("\(String(describing: data))")
            return
        }
        // As bytes: equal strings may be of different characters.
        #expect(Array(found.utf8) == Array(text.utf8))
    }

    /// Send-unpaired-surrogates, send/004, 006, Close-reason-unpaired-surrogates.
    @Test func loneSurrogates() async throws {
        let text = String(decoding: [0x61, 0xD83D, 0x62] as [UInt16], as: UTF16.self)
        let data = try await self.echo { try $0.send(text) }
        #expect(data == .string("a\u{FFFD}b"))
    }

    /// Send-binary-…: what a view is in JavaScript, a collection of bytes is here: with an offset, with a length, of other
    /// numbers.
    @Test(arguments: [BinaryType.blob, .arrayBuffer])
    func binary(type: BinaryType) async throws {
        let bytes: [UInt8] = Array(0...255)
        func expect(_ expected: [UInt8], _ send: @escaping @Sendable (WebSocket) throws -> Void) async throws {
            let data = try await self.echo(binaryType: type, send)
            #expect(data == (type == .blob ? .blob(Blob(expected)) : .arrayBuffer(ByteBuffer(bytes: expected))))
        }
        try await expect(bytes) { try $0.send(bytes) }
        try await expect(bytes) { try $0.send(ByteBuffer(bytes: bytes)) }
        try await expect(bytes) { try $0.send(Blob(bytes, type: "image/png")) }
        try await expect(Array(bytes[16..<32])) { try $0.send(bytes[16..<32]) }
        try await expect(Array(bytes[16..<32])) { try $0.send(Blob(bytes).slice(16, 32)) }
        var part = ByteBuffer(bytes: bytes)
        part.moveReaderIndex(forwardBy: 3)
        let buffer = part
        try await expect(Array(bytes[3...])) { try $0.send(buffer) }
        let floats: [Float64] = [1.5, -2]
        let raw = floats.withUnsafeBytes { Array($0) }
        try await expect(raw) { try $0.send(raw) }
        try await expect([]) { try $0.send([]) }
    }

    /// Send-binary-65K-arraybuffer, binary/001, 002, 004, 005, extended-payload-length.
    @Test(arguments: [BinaryType.blob, .arrayBuffer], [1, 125, 126, 65_000, 65_535, 65_536, 1 << 20])
    func sizes(type: BinaryType, size: Int) async throws {
        let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0) }
        let data = try await self.echo(binaryType: type) { try $0.send(bytes) }
        #expect(data == (type == .blob ? .blob(Blob(bytes)) : .arrayBuffer(ByteBuffer(bytes: bytes))))
    }

    /// Create-valid-url-binaryType-blob, binaryType-wrong-value: "blob" at first; only two values can be written.
    @Test func binaryType() async throws {
        #expect(BinaryType.blob.rawValue == "blob" && BinaryType.arrayBuffer.rawValue == "arraybuffer")
        #expect(BinaryType(rawValue: "notBlobOrArrayBuffer") == nil)
        try await SocketServer.with { server in
            let ws = try WebSocket(server.url())
            #expect(ws.binaryType == .blob)
            let told = ws.told()
            #expect(await told.next() == .open)
            #expect(ws.binaryType == .blob)
            // It counts as it is when the message is handed on.
            try ws.send([1])
            #expect(await told.next() == .message(.blob(Blob([1]))))
            ws.binaryType = .arrayBuffer
            #expect(ws.binaryType == .arrayBuffer)
            try ws.send([2])
            #expect(await told.next() == .message(.arrayBuffer(ByteBuffer(bytes: [2]))))
            ws.binaryType = .blob
            try ws.send([3])
            #expect(await told.next() == .message(.blob(Blob([3]))))
        }
    }

    /// Send-before-open, send/003, readyState/001: InvalidStateError, and nothing counts.
    @Test func beforeOpen() async throws {
        let isAsked = Gate()
        try await RawServer.with { connection in
            _ = try await connection.readHead()
            isAsked.open()
            _ = try await connection.readToEnd()
        } _: { server in
            let ws = try WebSocket(server.url())
            await isAsked.wait()
            #expect(ws.readyState == .connecting && ws.readyState.rawValue == 0)
            #expect(throws: DOMException("the connection is not open yet", name: .invalidStateError)) {
                try ws.send("x")
            }
            #expect(throws: DOMException.self) { try ws.send([1]) }
            #expect(throws: DOMException.self) { try ws.send(Blob()) }
            #expect(throws: DOMException.self) { try ws.send(ByteBuffer()) }
            #expect(ws.bufferedAmount == 0)
            try ws.close()
            // CLOSING: no error any more.
            try ws.send("x")
        }
    }

    /// send/007, 008: once closing, messages go nowhere; nothing comes behind the Close frame.
    @Test func afterClose() async throws {
        let frames = Mailbox<ClientFrame>()
        try await RawServer.with { connection in
            try await connection.acceptHandshake()
            for _ in 0..<2 { frames.post(try await connection.readFrame()) }
            try await connection.send(Frame.close(1000))
            // Nothing more, to the end.
            connection.close()
            let rest = try? await connection.readToEnd()
            #expect(rest == [])
        } _: { server in
            let ws = try WebSocket(server.url())
            let told = ws.told()
            #expect(await told.next() == .open)
            try ws.send("before")
            try ws.close(code: 1000)
            try ws.send("after")
            #expect(await frames.next() == .text("before"))
            #expect(await frames.next() == .close(1000))
            #expect(await told.next() == .close(1000))
            try ws.send("after")
        }
    }

    /// readyState/001, 006, 007, 008, constants/001, 002, 004, Close-readyState-Closed.
    @Test func readyStates() async throws {
        #expect(
            [WebSocket.CONNECTING, WebSocket.OPEN, WebSocket.CLOSING, WebSocket.CLOSED].map(\.rawValue) == [0, 1, 2, 3])
        try await SocketServer.with { server in
            let ws = try WebSocket(server.url())
            let states = Mailbox<ReadyState>()
            ws.onopen = { _ in
                states.post(ws.readyState)
                try? ws.close()
                states.post(ws.readyState)
            }
            ws.onclose = { _ in states.post(ws.readyState) }
            #expect(await states.next() == WebSocket.OPEN)
            #expect(await states.next() == WebSocket.CLOSING)
            #expect(await states.next() == WebSocket.CLOSED)
        }
    }

    /// What one thread sends keeps its order, from inside handlers and out.
    @Test func order() async throws {
        try await SocketServer.with { server in
            let ws = try WebSocket(server.url())
            let told = ws.told()
            #expect(await told.next() == .open)
            for number in 0..<1000 { try ws.send("\(number)") }
            for number in 0..<1000 { #expect(await told.next() == .text("\(number)")) }
        }
    }

    /// send-many-64K-messages-with-backpressure: to a peer that reads when it may, all arrive, and the close is clean.
    @Test func manyToASlowPeer() async throws {
        let (mayRead, count) = (Gate(), 50)
        try await RawServer.with { connection in
            try await connection.acceptHandshakeAndStopReading()
            await mayRead.wait()
            try await connection.goOnReading()
            for number in 0..<count {
                let frame = try await connection.readFrame()
                #expect(frame.payload.count == 64 << 10 && frame.payload.first == UInt8(number))
            }
            try await connection.finishClosing()
        } _: { server in
            let options = DialOptions(configuration: .init(closeTimeout: .seconds(60)))
            let ws = try WebSocket(server.url(), options: options)
            let told = ws.told()
            #expect(await told.next() == .open)
            for number in 0..<count { try ws.send([UInt8](repeating: UInt8(number), count: 64 << 10)) }
            try ws.close()
            mayRead.open()
            #expect(await told.next() == .close(1005))
        }
    }

    /// A message in fragments, with a ping between them.
    @Test func fragmentsAndControlFramesBetween() async throws {
        try await RawServer.with { connection in
            try await connection.acceptHandshake(
                followedBy: [0x01, 2, 0x68, 0x65] + Frame.any(.ping, [9]) + [0x00, 1, 0x6C] + [0x80, 2, 0x6C, 0x6F])
            let pong = try await connection.readFrame()
            #expect(pong == ClientFrame(opcode: .pong, payload: [9]))
            try await connection.finishClosing()
        } _: { server in
            let ws = try WebSocket(server.url())
            let told = ws.told()
            ws.onmessage = { _ in try? ws.close() }
            let all = await told.all()
            #expect(all == [.open, .text("hello"), .close(1005)])
        }
    }
}
