import TestSupport
import Testing

@testable import WebSocketClient

@Suite(.timeLimit(.minutes(1)))
struct ConnectingTurnsTests {
    @Test func oneAtATimeInOrder() async throws {
        let turns = ConnectingTurns()
        let first = try await turns.wait(for: "a")
        let got = Mailbox<Int>()
        var waiting: [Task<Void, any Error>] = []
        for number in 1...3 {
            let isWaiting = Gate()
            waiting.append(
                Task {
                    isWaiting.open()
                    let turn = try await turns.wait(for: "a")
                    got.post(number)
                    turn.end()
                })
            await isWaiting.wait()
        }
        // Another host has its own.
        try await turns.wait(for: "b").end()
        got.post(0)
        first.end()
        #expect(await got.next() == 0)
        var found: Set<Int> = []
        for _ in 1...3 { found.insert(try #require(await got.next())) }
        #expect(found == [1, 2, 3])
        for task in waiting { try await task.value }
        // And the last one has left it free.
        try await turns.wait(for: "a").end()
    }

    @Test func cancelledWhileWaiting() async throws {
        let turns = ConnectingTurns()
        let first = try await turns.wait(for: "a")
        let waiting = (0..<100).map { _ in Task { try await turns.wait(for: "a").end() } }
        for task in waiting {
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
        }
        first.end()
        try await turns.wait(for: "a").end()
    }

    /// A turn that comes together with the cancellation is not lost.
    @Test func cancelledAsTheTurnComes() async throws {
        let turns = ConnectingTurns()
        for _ in 0..<200 {
            let first = try await turns.wait(for: "a")
            let waiting = Task { try await turns.wait(for: "a").end() }
            let cancelling = Task { waiting.cancel() }
            first.end()
            await cancelling.value
            _ = try? await waiting.value
        }
        try await turns.wait(for: "a").end()
    }
}
