import NIOCore
import Testing
import WebSocketCore

@testable import WebSocketNIO

@Suite(.timeLimit(.minutes(1))) struct ConnectionClosingTests {
    @Test(arguments: [true, false]) func closeWaitsForTheEnd(byServer: Bool) async throws {
        try await Pair.with { pair in
            let (one, other) = byServer ? (pair.server, pair.client) : (pair.client, pair.server)
            let closure = try await one.close(code: 3000, reason: "ok")
            #expect(closure == Closure(code: 3000, reason: "ok", wasClean: true))
            let found1 = await other.closed
            #expect(found1 == closure)
            #expect(one.readyState == .closed)
        }
    }

    @Test func closeByBothAtOnce() async throws {
        try await Pair.with { pair in
            async let first = pair.server.close(code: 4000)
            async let second = pair.client.close(code: 4001)
            let (one, two) = try await (first, second)
            #expect(one.wasClean && two.wasClean)
        }
    }

    @Test func abort() async throws {
        try await Pair.with { pair in
            pair.client.abort()
            let found2 = await pair.server.closed
            #expect(found2 == .abnormal)
            let found3 = await pair.client.closed
            #expect(found3 == .abnormal)
        }
    }

    @Test func ping() async throws {
        try await Pair.with { pair in
            let time = try await pair.client.ping()
            #expect(time > .zero)
            _ = try await pair.server.ping([1, 2, 3])
            _ = try await pair.server.ping([])
            await #expect(throws: WebSocketError(.pingTooLong(126))) {
                _ = try await pair.client.ping(Array(repeating: 0, count: 126))
            }
        }
    }

    @Test func aCancelledPingEnds() async throws {
        try await Pair.with { pair in
            let task = Task { try await pair.client.ping() }
            task.cancel()
            do { _ = try await task.value } catch { #expect(error is CancellationError) }
            let left = try await pair.client.eventLoop.submit { pair.client.handler.pings.count }.get()
            #expect(left == 0)
        }
    }

    @Test func aPingFailsWhenTheConnectionEnds() async throws {
        try await Pair.with { pair in
            try await pair.client.close()
            await #expect(throws: WebSocketError.self) { _ = try await pair.client.ping() }
        }
    }
}
