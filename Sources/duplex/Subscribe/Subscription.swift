import RealtimeCore
import Synchronization

/// What `duplex subscribe` does: it reads, and goes on where it was when the connection was lost.
final class Subscription: Sendable {
    private struct State {
        var subscription: SubscriptionState
        /// Whether all that was wanted has come, or nobody reads what is written.
        var isDone = false
        /// Whether the server has answered on this connection, and ever.
        var isConnected = false
        var hasConnected = false
    }

    private let reading: RoomReading
    private let output: SubscribeOutput
    private let history: Int
    private let state: Mutex<State>

    init(_ reading: RoomReading, _ output: SubscribeOutput, after position: Position?, history: Int, count: Int?) {
        self.reading = reading
        self.output = output
        self.history = history
        self.state = Mutex(State(subscription: SubscriptionState(after: position, count: count)))
    }

    /// Reads until all has come that was wanted.
    ///
    /// - Throws: ``RoomFailure`` for what does not pass, and for whatever fails before the server has answered for the first time;
    ///   `CancellationError`.
    func run() async throws {
        var retrying = RoomRetrying()
        while true {
            let start = self.state.withLock { state in
                state.isConnected = false
                return RoomReading.Start(position: state.subscription.position, history: self.history)
            }
            let began = ContinuousClock.now
            do {
                try await self.reading.run(from: start) { self.hear($0) }
                return
            } catch {
                try Task.checkCancellation()
                let failure = RoomFailure(error)
                let (isConnected, hasConnected) = self.state.withLock { ($0.isConnected, $0.hasConnected) }
                guard failure.isPassing, hasConnected else { throw failure }
                if isConnected { retrying.worked(for: .now - began) }
                try await RoomRetrying.wait(retrying.delay(after: failure), after: failure)
            }
        }
    }

    /// False when nothing more is wanted.
    private func hear(_ event: RoomEvent) -> Bool {
        self.state.withLock { state in
            state.isConnected = true
            state.hasConnected = true
            switch event {
            case .joined(let position, let recovered):
                self.output.joined(position, recovered: recovered)
                if state.subscription.joined(at: position, recovered: recovered) == .tellGap {
                    self.output.gap(position)
                }
            case .message(let position, let object):
                switch state.subscription.message(at: position) {
                case .show: state.isDone = !self.output.message(object)
                case .showLast:
                    _ = self.output.message(object)
                    state.isDone = true
                case .nothing, .tellGap: break
                }
            case .gap(let position):
                if state.subscription.gap(before: position) == .tellGap { self.output.gap(position) }
            case .reached(let position):
                state.subscription.reached(position)
            }
            return !state.isDone
        }
    }
}
