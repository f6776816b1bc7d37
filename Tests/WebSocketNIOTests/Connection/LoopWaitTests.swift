import Testing

@testable import WebSocketNIO

@Suite(.timeLimit(.minutes(1))) struct LoopWaitTests {
    @Test func aTaskThatIsCancelledAlreadyDoesNotWait() async throws {
        try await Pair.with { pair in
            let task = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                let _: Int = try await pair.server.wait { _, _, _ in Issue.record("must not begin") }
            }
            await #expect(throws: CancellationError.self) { try await task.value }
        }
    }

    @Test func theValueIsGivenBack() async throws {
        try await Pair.with { pair in
            let value: Int = try await pair.server.wait { _, _, resume in resume(.success(7)) }
            #expect(value == 7)
        }
    }
}
