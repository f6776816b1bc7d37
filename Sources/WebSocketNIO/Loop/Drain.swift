package import NIOCore
import Synchronization
import WebSocketCore

/// Tells the open WebSockets of one server to go, each when its turn comes. Any thread.
package final class Drain: Sendable {
    /// How they are told.
    package let policy: DrainPolicy
    private let count = Atomic<Int>(0)
    private let asked = Atomic<Int>(0)
    private let atBegin = Atomic<Int>(0)

    /// Makes one.
    package init(_ policy: DrainPolicy) {
        self.policy = policy
    }

    /// How many WebSockets are open.
    package var open: Int { self.count.load(ordering: .relaxed) }

    func opened() { self.count.add(1, ordering: .relaxed) }
    func ended() { self.count.subtract(1, ordering: .relaxed) }

    /// How long the next one that asks has to wait.
    package func nextDelay() -> TimeAmount {
        let slot = self.asked.add(1, ordering: .relaxed).oldValue
        // As many as there were at first: those that have gone meanwhile must not make it faster.
        if slot == 0 { self.atBegin.store(self.open, ordering: .relaxed) }
        return self.policy.delay(slot: slot, of: self.atBegin.load(ordering: .relaxed)).timeAmount
    }
}
