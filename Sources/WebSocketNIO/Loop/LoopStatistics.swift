package import NIOCore

/// What the connections of an event loop have done since it began. The loop counts without locks; ``collect(from:)`` asks it.
package struct LoopStatistics: Sendable, Hashable {
    /// Messages that have arrived, and that were sent.
    package var messagesReceived = 0
    package var messagesSent = 0
    /// Bytes of their payloads, as they travel.
    package var bytesReceived = 0
    package var bytesSent = 0
    /// Pings that have arrived.
    package var pingsReceived = 0
    /// Connections that were opened, and that have ended, by close code.
    package var opened = 0
    package var closed: [UInt16: Int] = [:]
    /// Messages that were not sent to peers that are too slow.
    package var dropped = 0
    /// Bytes that wait for sockets that are full, or in front of them for their turn, when it was last looked.
    package var queued = 0
    /// Peers that did not answer a ping.
    package var givenUp = 0
    /// How long a call takes to come to the loop; of several loops, the longest.
    package var lag: Duration = .zero

    /// Nothing has happened.
    package init() {}

    /// How many connections have ended.
    package var closedInAll: Int { self.closed.values.reduce(0, +) }
    /// How many are open.
    package var open: Int { self.opened - self.closedInAll }

    /// Both together.
    package static func + (one: LoopStatistics, other: LoopStatistics) -> LoopStatistics {
        var sum = one
        sum.messagesReceived += other.messagesReceived
        sum.messagesSent += other.messagesSent
        sum.bytesReceived += other.bytesReceived
        sum.bytesSent += other.bytesSent
        sum.pingsReceived += other.pingsReceived
        sum.opened += other.opened
        sum.closed.merge(other.closed, uniquingKeysWith: +)
        sum.dropped += other.dropped
        sum.queued += other.queued
        sum.givenUp += other.givenUp
        sum.lag = Swift.max(one.lag, other.lag)
        return sum
    }

    /// Asks these loops, which must be running, and adds up what they say. A loop without connections says nothing.
    package static func collect(from loops: some Sequence<any EventLoop>) async -> LoopStatistics {
        let asked = loops.map { loop in
            let begin = ContinuousClock.now
            return loop.submit {
                var statistics = LoopResources.existing(on: loop)?.statistics.pointee ?? LoopStatistics()
                statistics.lag = ContinuousClock.now - begin
                return statistics
            }
        }
        var sum = LoopStatistics()
        for answer in asked {
            if let statistics = try? await answer.get() { sum = sum + statistics }
        }
        return sum
    }
}
