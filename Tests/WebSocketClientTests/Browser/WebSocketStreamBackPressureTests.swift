import NIOCore
import Synchronization
import TestSupport
import Testing
import WebSocketClient
import WebSocketCore

@testable import WebSocketNIO

/// The checklist's backpressure-receive and backpressure-send: by bytes, not by time.
@Suite(.serialized, .timeLimit(.minutes(1)))
struct WebSocketStreamBackPressureTests {
    private static let size = 256 << 10
    /// 8 MiB together, more than both ends' socket buffers take when one does not read.
    private static let count = 32

    private final class Progress: Sendable {
        private let messages = Atomic<Int>(0)
        private let done = Atomic<Bool>(false)

        var count: Int { self.messages.load(ordering: .sequentiallyConsistent) }
        var isDone: Bool { self.done.load(ordering: .sequentiallyConsistent) }
        func advance() { self.messages.add(1, ordering: .sequentiallyConsistent) }
        func finish() { self.done.store(true, ordering: .sequentiallyConsistent) }
    }

    /// A peer that stops reading: `send` waits, and what is held here is bounded.
    @Test func send() async throws {
        let (size, count) = (WebSocketStreamBackPressureTests.size, WebSocketStreamBackPressureTests.count)
        let mayRead = Gate()
        try await RawServer.with { connection in
            try await connection.acceptHandshakeAndStopReading()
            await mayRead.wait()
            try await connection.goOnReading()
            for number in 0..<count {
                let frame = try await connection.readFrame()
                #expect(frame.payload.count == size && frame.payload.first == UInt8(number))
            }
            try await connection.finishClosing()
        } _: { server in
            let stream = try await WebSocketStream.connect(server.url())
            let sent = Progress()
            let sending = Task {
                defer { sent.finish() }
                for number in 0..<count {
                    try await stream.send(ByteBuffer(repeating: UInt8(number), count: size))
                    sent.advance()
                }
            }
            // Until the socket takes nothing more: as often as the loop turns, nothing changes.
            var (last, unchanged) = (-1, 0)
            while unchanged < 1000, !sent.isDone {
                let (now, isWaiting) = try await stream.connection.eventLoop.submit {
                    (sent.count, !stream.connection.handler.roomWaiters.isEmpty)
                }.get()
                unchanged = isWaiting && now == last ? unchanged + 1 : 0
                last = now
            }
            #expect(!sent.isDone && last < count)
            #expect(stream.connection.bufferedAmount <= stream.connection.configuration.sendBuffer + size + 100)
            mayRead.open()
            try await sending.value
            let closure = try await stream.close()
            #expect(closure.wasClean)
        }
    }

    /// A reader that stops: the peer's writes do, too; what is held here is bounded, and all arrives when it goes on.
    @Test func receive() async throws {
        let (size, count) = (WebSocketStreamBackPressureTests.size, WebSocketStreamBackPressureTests.count)
        let written = Progress()
        try await RawServer.with { connection in
            try await connection.acceptHandshake()
            for number in 0..<count {
                try await connection.send(Frame.any(.binary, [UInt8](repeating: UInt8(number), count: size)))
                written.advance()
            }
            try await connection.finishClosing()
        } _: { server in
            let stream = try await WebSocketStream.connect(server.url())
            let connection = stream.connection
            // Until this end does not read any more.
            while try await connection.eventLoop.submit({ !connection.handler.isReadDeferred }).get(),
                written.count < count
            {}
            #expect(connection.handler.isReaderFull)
            #expect(written.count < count)
            var messages = stream.messages.makeAsyncIterator()
            for number in 0..<count {
                let message = try await messages.next()
                #expect(message == .binary(ByteBuffer(repeating: UInt8(number), count: size)))
            }
            #expect(try await stream.close().wasClean)
        }
    }

    /// A peer that sends nothing: the reader waits, and gets what comes then, in whichever pieces.
    @Test func aPeerThatStopsSending() async throws {
        let mayGoOn = Gate()
        try await RawServer.with { connection in
            try await connection.acceptHandshake(followedBy: Frame.text("1") + [0x81])
            await mayGoOn.wait()
            try await connection.send([1, 0x32])
            try await connection.finishClosing()
        } _: { server in
            let stream = try await WebSocketStream.connect(server.url())
            var messages = stream.messages.makeAsyncIterator()
            var message = try await messages.next()
            #expect(message == .text("1"))
            mayGoOn.open()
            message = try await messages.next()
            #expect(message == .text("2"))
            #expect(try await stream.close().wasClean)
        }
    }

    /// A task that waits in `send` is cancelled: it goes on, and the connection is closed.
    @Test func cancelledWhileSending() async throws {
        let mayRead = Gate()
        let closing = Mailbox<ClientFrame>()
        try await RawServer.with { connection in
            try await connection.acceptHandshakeAndStopReading()
            await mayRead.wait()
            try await connection.goOnReading()
            while true {
                let frame = try await connection.readFrame()
                guard frame.opcode == .close else { continue }
                closing.post(frame)
                try await connection.send(Frame.close(1001))
                return
            }
        } _: { server in
            let stream = try await WebSocketStream.connect(server.url())
            let task = Task {
                while true { try await stream.send(ByteBuffer(repeating: 1, count: 256 << 10)) }
            }
            while try await stream.connection.eventLoop.submit({ stream.connection.handler.roomWaiters.isEmpty }).get()
            {}
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            #expect(stream.connection.readyState != .open)
            mayRead.open()
            #expect(await closing.next() == .close(1001))
            #expect(await stream.closed == Closure(code: 1001, wasClean: true))
        }
    }

    /// The connection is lost while `send` waits.
    @Test func lostWhileSending() async throws {
        let mayCut = Gate()
        try await RawServer.with { connection in
            try await connection.acceptHandshakeAndStopReading()
            await mayCut.wait()
        } _: { server in
            let stream = try await WebSocketStream.connect(server.url())
            let task = Task {
                while true { try await stream.send(ByteBuffer(repeating: 1, count: 256 << 10)) }
            }
            while try await stream.connection.eventLoop.submit({ stream.connection.handler.roomWaiters.isEmpty }).get()
            {}
            mayCut.open()
            await #expect(throws: WebSocketError.self) { try await task.value }
            #expect(await stream.closed == .abnormal)
        }
    }
}
