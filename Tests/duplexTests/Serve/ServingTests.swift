import Logging
import ServiceLifecycle
import Synchronization
import Testing
import UnixSignals

@testable import duplex

@Suite(.timeLimit(.minutes(1))) struct ServingTests {
    /// Notes what happens, in its order.
    private final class Journal: Sendable {
        private let notes = Mutex<[String]>([])
        var all: [String] { self.notes.withLock { $0 } }
        func note(_ text: String) { self.notes.withLock { $0.append(text) } }
    }

    /// What the application is in these tests: it ends when it is shut down, or only when it is cancelled.
    private struct Application: Service {
        let journal: Journal
        let isStubborn: Bool
        let onShutdown: @Sendable () -> Void
        let onStart: @Sendable () -> Void

        func run() async throws {
            self.journal.note("started")
            self.onStart()
            try await gracefulShutdown()
            self.journal.note("shut down")
            self.onShutdown()
            guard self.isStubborn else { return }
            // Nothing comes: it ends with the task.
            for await _ in AsyncStream<Void>.makeStream().stream {}
            self.journal.note("cut")
        }
    }

    private func group(_ services: [any Service]) -> ServiceGroup {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return ServiceGroup(configuration: .init(services: services, logger: logger))
    }

    @Test(arguments: [UnixSignal.sigint, .sigterm])
    func oneSignalShutsDown(signal: UnixSignal) async throws {
        let (signals, continuation) = AsyncStream<UnixSignal>.makeStream()
        let journal = Journal()
        let app = Application(
            journal: journal, isStubborn: false, onShutdown: {}, onStart: { continuation.yield(signal) })
        try await Serving.run(self.group([app]), signals: signals)
        #expect(journal.all == ["started", "shut down"])
    }

    @Test func aSecondSignalCuts() async throws {
        let (signals, continuation) = AsyncStream<UnixSignal>.makeStream()
        let journal = Journal()
        let app = Application(
            journal: journal, isStubborn: true, onShutdown: { continuation.yield(.sigterm) },
            onStart: { continuation.yield(.sigint) })
        try await Serving.run(self.group([app]), signals: signals)
        #expect(journal.all == ["started", "shut down", "cut"])
    }

    @Test func aServiceThatFailsEndsIt() async throws {
        struct Failure: Error {}
        struct Failing: Service { func run() async throws { throw Failure() } }
        let (signals, _) = AsyncStream<UnixSignal>.makeStream()
        await #expect(throws: Failure.self) { try await Serving.run(self.group([Failing()]), signals: signals) }
    }

    @Test func readinessEndsFirstThenTheDelayThenListening() async throws {
        let (signals, continuation) = AsyncStream<UnixSignal>.makeStream()
        let journal = Journal()
        let app = Application(
            journal: journal, isStubborn: false, onShutdown: {}, onStart: { continuation.yield(.sigterm) })
        let start = ShutdownStart(
            delay: .seconds(5), onBegin: { journal.note("draining") }, sleep: { journal.note("waited \($0)") })
        try await Serving.run(self.group([app, start]), signals: signals)
        #expect(journal.all == ["started", "draining", "waited 5.0 seconds", "shut down"])
    }

    @Test func withoutADelayNothingIsWaitedFor() async throws {
        let (signals, continuation) = AsyncStream<UnixSignal>.makeStream()
        let journal = Journal()
        let app = Application(
            journal: journal, isStubborn: false, onShutdown: {}, onStart: { continuation.yield(.sigterm) })
        let start = ShutdownStart(
            delay: .zero, onBegin: { journal.note("draining") }, sleep: { _ in journal.note("waited") })
        try await Serving.run(self.group([app, start]), signals: signals)
        #expect(journal.all == ["started", "draining", "shut down"])
    }

    @Test func aSecondSignalCutsTheDelayShort() async throws {
        let (signals, continuation) = AsyncStream<UnixSignal>.makeStream()
        let journal = Journal()
        let app = Application(
            journal: journal, isStubborn: false, onShutdown: {}, onStart: { continuation.yield(.sigterm) })
        let start = ShutdownStart(
            delay: .seconds(3600),
            onBegin: {
                journal.note("draining")
                continuation.yield(.sigterm)
            })
        try await Serving.run(self.group([app, start]), signals: signals)
        let notes = journal.all
        #expect(notes == ["started", "draining"])
    }
}
