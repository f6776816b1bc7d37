import HTTPTypes
import NIOCore
import TestSupport
import Testing
import WebSocketCore
import WebSocketNIO

@testable import WebSocketClient

@Suite(.timeLimit(.minutes(1)))
struct ReconnectingWebSocketMessagesTests {
    // MARK: Messages

    @Test func acrossConnections() async throws {
        let serve: [RawServer.Serve] = [
            RawServer.send(Frame.text("1"), Frame.text("2")), RawServer.fail,
            // Closed, lost, and lost without any.
            RawServer.send(Frame.text("3"), Frame.close(1001)), RawServer.lose,
            RawServer.send(Frame.any(.binary, [4])), RawServer.hold,
        ]
        try await RawServer.with(serve) { server in
            try await Reconnector.with(server.url()) { it in
                var messages = it.socket.messages.makeAsyncIterator()
                #expect(try await messages.next() == .text("1"))
                #expect(try await messages.next() == .text("2"))
                await it.clock.passSleep()
                await it.clock.passSleep()
                #expect(try await messages.next() == .text("3"))
                await it.clock.passSleep()
                await it.clock.passSleep()
                #expect(try await messages.next() == .binary(ByteBuffer(bytes: [4])))
                await it.clock.passSleep()
                await it.reach(.connecting(6))
                await it.reach(.connected)
                try it.socket.close()
                #expect(try await messages.next() == nil)
                #expect(try await messages.next() == nil)
            }
        }
    }

    /// The beginning of a message that was cut off is not put before another's.
    @Test func cutOff() async throws {
        let serve = [RawServer.send([0x01, 1] + Array("x".utf8)), RawServer.send(Frame.text("y"))]
        try await RawServer.with(serve) { server in
            try await Reconnector.with(server.url()) { it in
                async let first = it.read()
                await it.clock.passSleep()
                let message = try await first
                #expect(message == .text("y"))
            }
        }
    }

    /// Connections that come and go while they are read: never twice, never in another order.
    @Test func manyConnections() async throws {
        let count = 100
        let serve = (0..<count).map { RawServer.send(Frame.text("\($0)"), Frame.text("\($0)"), Frame.close(1001)) }
        let last = RawServer.send(Frame.text("\(count)"), Frame.text("\(count)"), Frame.close(1000))
        try await RawServer.with(serve + [last]) { server in
            try await Reconnector.with(server.url()) { it in
                let clock = it.clock
                let passing = Task { while await clock.passSleep() != nil {} }
                defer { passing.cancel() }
                var taken: [Int] = []
                await #expect(throws: WebSocketError.self) {
                    for try await message in it.socket.messages {
                        guard case .text(let text) = message else { continue }
                        taken.append(try #require(Int(text)))
                    }
                }
                #expect(taken == taken.sorted())
                #expect(Dictionary(grouping: taken) { $0 }.values.allSatisfy { $0.count == 2 })
                #expect(taken.suffix(2) == [count, count])
            }
        }
    }

    // MARK: Late and early readers

    /// What has arrived is there, even if the connection is gone, and none follows.
    @Test(arguments: [1000, 1001] as [UInt16])
    func late(code: UInt16) async throws {
        let serve = RawServer.send(Frame.text("a"), Frame.text("b"), Frame.close(code))
        try await RawServer.with([serve, RawServer.send(Frame.text("c"), Frame.close(1000))]) { server in
            try await Reconnector.with(server.url()) { it in
                await it.reach(code == 1000 ? .ended : .waiting)
                var messages = it.socket.messages.makeAsyncIterator()
                let (first, second) = (try await messages.next(), try await messages.next())
                #expect(first == .text("a"))
                #expect(second == .text("b"))
                if code != 1000 {
                    await it.clock.passSleep()
                    await it.reach(.ended)
                    let third = try await messages.next()
                    #expect(third == .text("c"))
                }
                let error = await #expect(throws: WebSocketError.self) { try await it.read() }
                #expect(error?.closure?.code == .normalClosure)
            }
        }
    }

    /// Before there is anything; it waits through attempts that fail.
    @Test func early() async throws {
        try await RawServer.with([RawServer.fail, RawServer.fail, RawServer.send(Frame.text("a"))]) { server in
            try await Reconnector.with(server.url()) { it in
                async let first = it.read()
                await it.clock.passSleep()
                await it.clock.passSleep()
                let message = try await first
                #expect(message == .text("a"))
            }
        }
    }

    /// One after the other: none is lost between them, and none comes twice.
    @Test func severalReaders() async throws {
        let serve = RawServer.send(Frame.text("a"), Frame.text("b"), Frame.text("c"))
        try await RawServer.with([serve, RawServer.send(Frame.text("d"))]) { server in
            try await Reconnector.with(server.url()) { it in
                for text in ["a", "b", "c"] {
                    let message = try await it.read()
                    #expect(message == .text(text))
                }
                async let next = it.read()
                await it.clock.passSleep()
                let message = try await next
                #expect(message == .text("d"))
            }
        }
    }

    @Test func aCancelledReaderLeavesItAsItIs() async throws {
        try await SocketServer.with { server in
            try await Reconnector.with(server.url()) { it in
                for isUp in [false, true] {
                    if isUp { await it.reach(.connected) }
                    let reader = Task { try await it.read() }
                    reader.cancel()
                    await #expect(throws: CancellationError.self) { try await reader.value }
                }
                try await it.socket.send(.text("a"))
                let message = try await it.read()
                #expect(message == .text("a"))
            }
        }
    }

    @Test func theEndWhileSomebodyReads() async throws {
        try await RawServer.with([RawServer.lose]) { server in
            try await Reconnector.with(server.url()) { it in
                async let first = it.read()
                await it.reach(.waiting)
                try it.socket.close()
                let message = try await first
                #expect(message == nil)
            }
        }
    }

    @Test func cancelledWhileSomebodyReads() async throws {
        try await RawServer.with([RawServer.lose]) { server in
            try await Reconnector.with(server.url()) { it in
                let reader = Task { try await it.read() }
                await it.reach(.waiting)
                it.run.cancel()
                await #expect(throws: CancellationError.self) { try await reader.value }
            }
        }
    }

    // MARK: Waiting for a connection

    @Test func waitForConnection() async throws {
        let mayEnd = Gate()
        let serve: RawServer.Serve = { connection in
            try await connection.acceptHandshake()
            await mayEnd.wait()
        }
        try await RawServer.with([RawServer.fail, serve, RawServer.hold]) { server in
            try await Reconnector.with(server.url()) { it in
                let socket = it.socket
                let waiters = (0..<3).map { _ in Task { try await socket.waitForConnection() } }
                await it.clock.passSleep()
                let first = try await waiters[0].value
                for waiter in waiters { #expect(try await waiter.value === first) }
                // One that is gone does not count.
                mayEnd.open()
                await it.reach(.connected)
                await it.reach(.waiting)
                async let next = socket.waitForConnection()
                await it.clock.passSleep()
                let second = try await next
                #expect(second !== first)
                #expect(try await socket.waitForConnection() === second)
                #expect(socket.connection === second)
            }
        }
    }

    @Test func waitForNone() async throws {
        try await RawServer.with([RawServer.fail, RawServer.refuse("403 Forbidden")]) { server in
            try await Reconnector.with(server.url()) { it in
                let socket = it.socket
                let waiter = Task { try await socket.waitForConnection() }
                let cancelled = Task { try await socket.waitForConnection() }
                await it.reach(.waiting)
                cancelled.cancel()
                await #expect(throws: CancellationError.self) { try await cancelled.value }
                await it.clock.passSleep()
                let error = await #expect(throws: DialError.self) { try await waiter.value }
                #expect(error?.refusal?.response.status == .forbidden)
            }
        }
    }
}
