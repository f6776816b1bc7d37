import RealtimeCore
import Synchronization

/// A room that somebody in this process reads: which loops have readers, and who waits for its next message.
final class Topic: Sendable {
    /// A reader of the log who has seen all of it.
    typealias Waiter = @Sendable () -> Void

    struct State: ~Copyable {
        /// The loops that have readers.
        var shards: [Shard] = []
        var waiters: [UInt64: Waiter] = [:]
        var lastWaiter: UInt64 = 0
    }

    let name: RoomName
    let policy: RoomPolicy
    /// What those streams write that are not pushed to.
    let encodings = StreamEncodings()
    let state = Mutex(State())

    init(_ name: RoomName, _ policy: RoomPolicy) {
        self.name = name
        self.policy = policy
    }

    /// Hands something to all loops that have readers, in order: what is called for one room one after the other arrives so.
    func hand(_ delivery: Shard.Delivery) {
        let (shards, waiters) = self.state.withLock { state -> ([Shard], [UInt64: Waiter]) in
            guard case .message = delivery else { return (state.shards, [:]) }
            defer { state.waiters.removeAll() }
            return (state.shards, state.waiters)
        }
        for shard in shards { shard.receive(delivery) }
        for waiter in waiters.values { waiter() }
    }
}
