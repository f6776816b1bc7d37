import NIOCore
import WebSocketCore

/// How much the peer may send in a time.
extension WebSocketChannelHandler {
    /// The buckets of a connection whose rates are limited.
    struct RateBuckets {
        var messages: TokenBucket?
        var bytes: TokenBucket?
        let action: WebSocketConfiguration.Rates.Action

        init(_ rates: WebSocketConfiguration.Rates) {
            self.messages = rates.messages.map { TokenBucket(rate: $0.perSecond, burst: $0.burst) }
            self.bytes = rates.bytes.map { TokenBucket(rate: $0.perSecond, burst: $0.burst) }
            self.action = rates.action
        }
    }

    /// How many messages and pings have come to the connections of this loop: what it is after a read, less what it was before, is
    /// this connection's.
    var receivedByLoop: Int {
        self.loop.statistics.pointee.messagesReceived &+ self.loop.statistics.pointee.pingsReceived
    }

    /// A read was dealt with, of so many bytes with so many messages. What it was too much has to be paid before the next one.
    func charge(_ bytes: Int, _ messages: Int) {
        guard self.rates != nil, self.isOpen else { return }
        let now = self.now
        let forMessages = self.rates?.messages?.charge(messages, now: now) ?? 0
        let forBytes = self.rates?.bytes?.charge(bytes, now: now) ?? 0
        let debt = Swift.max(forMessages, forBytes)
        guard debt > 0 else { return }
        switch self.rates?.action {
        case .close:
            let reason = forMessages > 0 ? "too many messages" : "too many bytes"
            if let frame = try? CloseFrame(code: .policyViolation, reason: reason) { self.startClosing(frame) }
        case .delay, nil:
            guard !self.isDelayed else { return }
            self.isDelayed = true
            self.loop.eventLoop.assumeIsolated().scheduleTask(in: .nanoseconds(Int64(clamping: debt))) {
                self.isDelayed = false
                self.resumeInput()
            }
        }
    }
}
