import HTTPTypes
import NIOCore
import TestSupport
import Testing
import WebSocketCore
import WebSocketNIO

@testable import WebSocketClient

@Suite(.timeLimit(.minutes(1)))
struct ReconnectingWebSocketTests {
    private struct NoToken: Error {}

    // MARK: Again

    @Test func afterALoss() async throws {
        try await RawServer.with([RawServer.lose, RawServer.send(Frame.close(1001)), RawServer.hold]) { server in
            try await Reconnector.with(server.url()) { it in
                #expect(await it.next(3) == [.connecting(1), .connected, .waiting])
                #expect(it.socket.connection == nil)
                #expect((await it.reasons.next() as? WebSocketError)?.closure == .abnormal)
                #expect(await it.clock.passSleep().map { $0 <= .milliseconds(500) } == true)
                #expect(await it.next(3) == [.connecting(2), .connected, .waiting])
                #expect((await it.reasons.next() as? WebSocketError)?.closure?.code == .goingAway)
                #expect(await it.clock.passSleep().map { $0 <= .seconds(1) } == true)
                #expect(await it.next(2) == [.connecting(3), .connected])
                #expect(it.socket.connection?.readyState == .open)
                try it.socket.close()
                #expect(await it.failure() == nil)
            }
        }
    }

    /// A server that restarts says when it may be called again.
    @Test func whenTheServerSays() async throws {
        let frame = Frame.close(1012, "reconnect after 90000 ms")
        try await RawServer.with([RawServer.send(frame), RawServer.hold]) { server in
            try await Reconnector.with(server.url()) { it in
                await it.reach(.waiting)
                #expect(await it.clock.passSleep().map { $0 >= .seconds(90) && $0 <= .milliseconds(90_500) } == true)
                #expect(await it.next(2) == [.connecting(2), .connected])
            }
        }
    }

    /// It does not go on before its time.
    @Test func notBeforeTheDelayIsOver() async throws {
        try await RawServer.with([RawServer.lose, RawServer.hold]) { server in
            try await Reconnector.with(server.url()) { it in
                await it.reach(.waiting)
                let delay = try #require(await it.clock.slept())
                guard case .waiting(delay, because: _) = it.socket.state else {
                    Issue.record("\(it.socket.state)")
                    return
                }
                it.clock.advance(by: delay - .nanoseconds(1))
                guard case .waiting = it.socket.state else { throw NoToken() }
                it.clock.advance(by: .nanoseconds(1))
                #expect(await it.next(2) == [.connecting(2), .connected])
            }
        }
    }

    @Test func attemptsThatFail() async throws {
        let isUp = Gate()
        let serve: [RawServer.Serve] = [
            RawServer.fail, RawServer.refuse("500 No"), RawServer.refuse("408 No"),
            { connection in
                try await connection.acceptHandshake()
                await isUp.wait()
            }, RawServer.hold,
        ]
        try await RawServer.with(serve) { server in
            try await Reconnector.with(server.url()) { it in
                for attempt in 1...3 {
                    #expect(await it.next(2) == [.connecting(attempt), .waiting])
                    #expect(await it.reasons.next() is DialError)
                    #expect(await it.clock.passSleep().map { $0 <= .milliseconds(500) * (1 << (attempt - 1)) } == true)
                }
                #expect(await it.next(2) == [.connecting(4), .connected])
                // It lasts: the next attempt is the second one again, behind the first delay.
                it.clock.advance(by: ReconnectPolicy.defaultStableAfter)
                isUp.open()
                #expect(await it.next(1) == [.waiting])
                #expect(await it.clock.passSleep().map { $0 <= .milliseconds(500) } == true)
                #expect(await it.next(2) == [.connecting(2), .connected])
            }
        }
    }

    /// A server that accepts and closes at once is not a server that is back.
    @Test func connectionsThatDoNotLast() async throws {
        let policy = ReconnectPolicy(maxAttempts: 3)
        try await RawServer.with([RawServer.lose, RawServer.lose, RawServer.lose]) { server in
            try await Reconnector.with(server.url(), policy: policy) { it in
                await it.clock.passSleep()
                await it.clock.passSleep()
                #expect((await it.failure() as? WebSocketError)?.closure == .abnormal)
                await it.reach(.connecting(3))
                #expect(await it.next(2) == [.connected, .ended])
            }
        }
    }

    @Test func enoughAttempts() async throws {
        let policy = ReconnectPolicy(maxAttempts: 2)
        try await RawServer.with([RawServer.fail, RawServer.refuse("503 No")]) { server in
            try await Reconnector.with(server.url(), policy: policy) { it in
                await it.clock.passSleep()
                #expect((await it.failure() as? DialError)?.refusal?.response.status == 503)
                #expect(await it.next(4) == [.connecting(1), .waiting, .connecting(2), .ended])
            }
        }
    }

    @Test(arguments: [
        ("503 No", "7", 7), ("429 No", "3600", 3600), ("503 No", "1000000", 3600), ("503 No", "-5", 0),
        ("503 No", "Fri, 31 Dec 2100 23:59:59 GMT", 0),
    ])
    func retryAfter(status: String, field: String, seconds: Int) async throws {
        try await RawServer.with([RawServer.refuse(status, "Retry-After: \(field)"), RawServer.hold]) { server in
            try await Reconnector.with(server.url()) { it in
                let delay = try #require(await it.clock.passSleep())
                #expect(delay >= .seconds(seconds) && delay <= .seconds(seconds) + .milliseconds(500))
                await it.reach(.connected)
            }
        }
    }

    // MARK: Before each attempt

    @Test func prepared() async throws {
        let heads = Mailbox<String>()
        let keep: RawServer.Serve = { heads.post(try await $0.readHead()) }
        let open: RawServer.Serve = { connection in
            let head = try await connection.readHead()
            heads.post(head)
            try await connection.accept(head)
        }
        try await RawServer.with([keep, open, keep]) { server in
            let options = DialOptions(fields: [.userAgent: "test"])
            let prepare: Reconnector.Prepare = { attempt in
                // Each begins with what was given at first.
                #expect(attempt.url == "ws://unused.invalid/")
                #expect(attempt.options.fields[.authorization] == nil)
                attempt.url = server.url("/\(attempt.number)")
                attempt.options.fields[.authorization] = "Bearer \(attempt.number)"
            }
            try await Reconnector.with("ws://unused.invalid/", options: options, prepare: prepare) { it in
                for number in 1...3 {
                    let head = try #require(await heads.next())
                    #expect(head.hasPrefix("GET /\(number) HTTP/1.1\r\n"))
                    #expect(head.contains("Bearer \(number)\r\n"))
                    #expect(head.contains("test\r\n"))
                    await it.clock.passSleep()
                }
            }
        }
    }

    @Test func whatItThrowsCountsAsAFailedAttempt() async throws {
        try await RawServer.with([RawServer.hold]) { server in
            let prepare: Reconnector.Prepare = { if $0.number < 3 { throw NoToken() } }
            try await Reconnector.with(server.url(), prepare: prepare) { it in
                #expect(await it.next(2) == [.connecting(1), .waiting])
                #expect(await it.reasons.next() is NoToken)
                #expect(await it.clock.passSleep().map { $0 <= .milliseconds(500) } == true)
                #expect(await it.next(2) == [.connecting(2), .waiting])
                #expect(await it.clock.passSleep().map { $0 <= .seconds(1) } == true)
                #expect(await it.next(2) == [.connecting(3), .connected])
            }
        }
    }

    @Test func neverPrepared() async throws {
        let policy = ReconnectPolicy(maxAttempts: 2)
        try await Reconnector.with("ws://unused.invalid/", policy: policy, prepare: { _ in throw NoToken() }) { it in
            await it.clock.passSleep()
            #expect(await it.failure() is NoToken)
            #expect(await it.next(4) == [.connecting(1), .waiting, .connecting(2), .ended])
        }
    }

    /// A hook's own CancellationError is an error like others.
    @Test func preparingIsCancelledElsewhere() async throws {
        try await RawServer.with([RawServer.hold]) { server in
            let prepare: Reconnector.Prepare = { if $0.number == 1 { throw CancellationError() } }
            try await Reconnector.with(server.url(), prepare: prepare) { it in
                await it.clock.passSleep()
                #expect(await it.next(4) == [.connecting(1), .waiting, .connecting(2), .connected])
            }
        }
    }

    // MARK: Not again

    @Test(arguments: [1000, 1002, 1003, 1008, 1009, 1010] as [UInt16])
    func terminalCode(code: UInt16) async throws {
        let serve: RawServer.Serve = { connection in
            try await connection.acceptHandshake(followedBy: Frame.close(code, "enough"))
            #expect(try await connection.readFrame() == .close(code, "enough"))
        }
        try await RawServer.with([serve]) { server in
            try await Reconnector.with(server.url()) { it in
                let closure = Closure(code: CloseCode(rawValue: code), reason: "enough", wasClean: true)
                #expect((await it.failure() as? WebSocketError)?.closure == closure)
                #expect(await it.next(3) == [.connecting(1), .connected, .ended])
                guard case .ended = it.socket.state else { throw NoToken() }
                try await self.expectEnded(it.socket) { ($0 as? WebSocketError)?.closure == closure }
            }
        }
    }

    @Test(arguments: ["401 Unauthorized", "403 Forbidden", "404 Not Found"])
    func refused(status: String) async throws {
        try await RawServer.with([RawServer.refuse(status)]) { server in
            try await Reconnector.with(server.url()) { it in
                let error = try #require(await it.failure() as? DialError)
                #expect("\(error)" == "refused: \(status)")
                #expect(await it.next(2) == [.connecting(1), .ended])
                try await self.expectEnded(it.socket) { ($0 as? DialError)?.refusal != nil }
            }
        }
    }

    /// The rule that the server breaks it would break again.
    @Test func brokenRule() async throws {
        let serve: RawServer.Serve = { connection in
            try await connection.acceptHandshake(followedBy: [0xC1, 0])
            _ = try await connection.readToEnd()
        }
        try await RawServer.with([serve]) { server in
            try await Reconnector.with(server.url()) { it in
                #expect((await it.failure() as? WebSocketError)?.closure?.error != nil)
            }
        }
    }

    /// Nothing goes through it any more, and all who wait are told.
    private func expectEnded(_ socket: ReconnectingWebSocket, _ isReason: (any Error) -> Bool) async throws {
        #expect(socket.connection == nil)
        #expect(socket.trySend(.text("x")) == .closed)
        let sending = await #expect(throws: WebSocketError.self) { try await socket.send(.text("x")) }
        #expect(sending?.isClosed == true)
        let waiting = await #expect(throws: (any Error).self) { try await socket.waitForConnection() }
        #expect(waiting.map(isReason) == true)
        var messages = socket.messages.makeAsyncIterator()
        do {
            let message = try await messages.next()
            Issue.record("\(String(describing: message))")
        } catch {
            #expect(isReason(error))
        }
    }
}
