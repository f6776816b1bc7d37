import NIOCore
import TestSupport
import Testing
import WebSocketClient
import WebSocketNIO

/// The checklist's `interfaces/WebSocket/bufferedAmount/`.
@Suite(.timeLimit(.minutes(1)))
struct BufferedAmountTests {
    /// bufferedAmount-initial, -getting, -arraybuffer, -blob, -large, -unicode, Send-0byte-data, Send-65K-data, Send-data,
    /// Send-unicode-data, Send-paired-surrogates, bufferedAmount-unchanged-by-sync-xhr: within a handler it grows by each
    /// message, and does not shrink; when all has gone it is 0.
    @Test func growsWithinAHandler() async throws {
        try await SocketServer.with { server in
            let ws = try WebSocket(server.url())
            let amounts = Mailbox<[Int]>()
            #expect(ws.bufferedAmount == 0)
            ws.onopen = { _ in
                var found = [ws.bufferedAmount]
                #expect(throws: Never.self) {
                    try ws.send("")
                    found.append(ws.bufferedAmount)
                    try ws.send("hello")
                    found.append(ws.bufferedAmount)
                    try ws.send("¥¥¥¥¥¥")
                    found.append(ws.bufferedAmount)
                    try ws.send("𐐇")
                    found.append(ws.bufferedAmount)
                    try ws.send([1, 2, 3])
                    found.append(ws.bufferedAmount)
                    try ws.send(Blob([1, 2]))
                    found.append(ws.bufferedAmount)
                    try ws.send(ByteBuffer(bytes: [1]))
                    found.append(ws.bufferedAmount)
                    try ws.send(String(repeating: "a", count: 65_000))
                    found.append(ws.bufferedAmount)
                }
                amounts.post(found)
            }
            let last = Gate()
            ws.onmessage = { event in if case .string(let text) = event.data, text.utf8.count == 65_000 { last.open() }
            }
            #expect(await amounts.next() == [0, 0, 5, 17, 21, 24, 26, 27, 65_027])
            await last.wait()
            #expect(ws.bufferedAmount == 0)
        }
    }

    /// It does not shrink while the peer does not read, and does when it reads.
    @Test func shrinksAsThePeerReads() async throws {
        let mayRead = Gate()
        let size = 6 << 20
        try await RawServer.with { connection in
            try await connection.acceptHandshakeAndStopReading()
            await mayRead.wait()
            try await connection.goOnReading()
            let frame = try await connection.readFrame()
            #expect(frame.payload.count == size)
            try await connection.send(Frame.text("got it"))
            try await connection.finishClosing()
        } _: { server in
            let ws = try WebSocket(server.url())
            let told = ws.told()
            #expect(await told.next() == .open)
            try ws.send([UInt8](repeating: 1, count: size))
            #expect(ws.bufferedAmount > 0)
            // The loop has tried to write it.
            try await ws.eventLoop.submit {}.get()
            try await ws.eventLoop.submit {}.get()
            #expect(ws.bufferedAmount > 0)
            mayRead.open()
            #expect(await told.next() == .text("got it"))
            #expect(ws.bufferedAmount == 0)
            try ws.close()
            #expect(await told.next() == .close(1005))
            #expect(ws.bufferedAmount == 0)
        }
    }

    /// What is sent from other threads counts at once.
    @Test func fromManyThreads() async throws {
        try await SocketServer.with { server in
            let ws = try WebSocket(server.url())
            let told = ws.told()
            #expect(await told.next() == .open)
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<8 {
                    group.addTask { for _ in 0..<100 { try? ws.send("0123456789") } }
                }
            }
            for _ in 0..<800 { #expect(await told.next() == .text("0123456789")) }
            #expect(ws.bufferedAmount == 0)
        }
    }

    /// send/007, 008: when it is closing or closed, a message goes nowhere and counts; it is not reset at the end.
    @Test func countsWhatGoesNowhere() async throws {
        try await SocketServer.with { server in
            let ws = try WebSocket(server.url())
            let told = ws.told()
            #expect(await told.next() == .open)
            try ws.close()
            let before = ws.bufferedAmount
            try ws.send("¥")
            #expect(ws.bufferedAmount == before + 2)
            #expect(await told.next() == .close(1005))
            #expect(ws.bufferedAmount == before + 2)
            try ws.send([1, 2, 3])
            try ws.send("")
            #expect(ws.bufferedAmount == before + 5)
        }
    }

    /// After a failed attempt to connect as well.
    @Test func countsAfterAFailure() async throws {
        try await RawServer.with { connection in
            _ = try await connection.readHead()
        } _: { server in
            let ws = try WebSocket(server.url())
            let all = await ws.told().all()
            #expect(all == [.error, .failed])
            try ws.send("abc")
            #expect(ws.bufferedAmount == 3)
        }
    }

    /// What waits when the connection closes cleanly has all been taken; it does not stay.
    @Test(arguments: [true, false])
    func aCleanCloseBehindMuch(isOnLoop: Bool) async throws {
        let size = 6 << 20
        try await RawServer.with { connection in
            try await connection.acceptHandshake()
            let frame = try await connection.readFrame()
            #expect(frame.payload.count == size)
            try await connection.finishClosing()
        } _: { server in
            let ws = try WebSocket(server.url())
            let told = ws.told()
            #expect(await told.next() == .open)
            let sendAndClose: @Sendable () throws -> Void = {
                try ws.send([UInt8](repeating: 1, count: size))
                try ws.close()
            }
            if isOnLoop { try await ws.eventLoop.submit(sendAndClose).get() } else { try sendAndClose() }
            #expect(await told.next() == .close(1005))
            #expect(ws.bufferedAmount == 0)
        }
    }

    /// What was not taken when the connection was lost stays.
    @Test func isNotResetByTheEnd() async throws {
        let mayCut = Gate()
        try await RawServer.with { connection in
            try await connection.acceptHandshakeAndStopReading()
            await mayCut.wait()
        } _: { server in
            let ws = try WebSocket(server.url())
            let told = ws.told()
            #expect(await told.next() == .open)
            // More than any socket takes.
            try ws.send([UInt8](repeating: 1, count: 6 << 20))
            try await ws.eventLoop.submit {}.get()
            mayCut.open()
            #expect(await told.all() == [.error, .failed])
            #expect(ws.bufferedAmount > 0)
        }
    }

    /// A full buffer fails the connection (section 3.1 of the standard).
    @Test(arguments: [true, false])
    func full(isOnLoop: Bool) async throws {
        let mayRead = Gate()
        try await RawServer.with { connection in
            try await connection.acceptHandshakeAndStopReading()
            await mayRead.wait()
        } _: { server in
            let options = DialOptions(configuration: .init(maxSendBuffer: 1 << 20))
            let ws = try WebSocket(server.url(), options: options)
            let told = ws.told()
            ws.onerror = { #expect("\($0.error)" == "more than 1048576 bytes wait for the peer") }
            #expect(await told.next() == .open)
            let fill: @Sendable () throws -> Int = {
                var sent = 0
                let chunk = [UInt8](repeating: 1, count: 256 << 10)
                while ws.readyState == .open && sent < 1 << 10 {
                    try ws.send(chunk)
                    sent += 1
                }
                return sent
            }
            let sent = try await isOnLoop ? ws.eventLoop.submit(fill).get() : fill()
            #expect(sent > 4)
            #expect(await told.all() == [.error, .failed])
            #expect(ws.bufferedAmount >= 256 << 10)
            mayRead.open()
        }
    }

    /// A single message may be larger than the buffer when nothing waits.
    @Test func oneLargeMessage() async throws {
        try await SocketServer.with { server in
            let options = DialOptions(configuration: .init(maxSendBuffer: 1 << 10))
            let ws = try WebSocket(server.url(), options: options)
            let told = ws.told()
            #expect(await told.next() == .open)
            let text = String(repeating: "x", count: 1 << 20)
            try ws.send(text)
            #expect(await told.next() == .text(text))
        }
    }
}
