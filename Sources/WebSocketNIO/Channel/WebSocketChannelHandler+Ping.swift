import NIOCore
import WebSocketCore

extension WebSocketChannelHandler {
    /// A ping whose pong is awaited.
    struct PendingPing {
        var wait: LoopWait
        var payload: [UInt8]
        var sent: NIODeadline
        var resume: (Result<Duration, any Error>) -> Void
    }

    /// Sends a ping.
    ///
    /// - Parameters:
    ///   - payload: At most 125 bytes; nil for a number that no other ping of this connection has.
    ///   - wait: Names the wait, to give it up.
    ///   - resume: Called with the time until the pong.
    func ping(_ payload: [UInt8]?, _ wait: LoopWait, _ resume: @escaping (Result<Duration, any Error>) -> Void) {
        guard self.isOpen else {
            resume(.failure(WebSocketError(.closed(self.hot.pointee.machine.closure))))
            return
        }
        self.nextPingID += 1
        let payload = payload ?? withUnsafeBytes(of: self.nextPingID.bigEndian) { Array($0) }
        self.pings.append(PendingPing(wait: wait, payload: payload, sent: self.loop.eventLoop.now, resume: resume))
        self.loop.enter()
        payload.withUnsafeBytes { self.enqueueControl(.ping, $0) }
        self.loop.leave()
    }

    /// Answers a ping, or keeps the newest until the socket takes more.
    func answerPing(_ payload: UnsafeRawBufferPointer) {
        if self.hot.pointee.isSocketFull {
            self.unansweredPing = Array(payload)
        } else {
            self.enqueueControl(.pong, payload)
        }
    }

    /// A pong answers the ping with its payload, and all before it: a peer may answer only the newest (RFC 6455, 5.5.3).
    func receivedPong(_ payload: UnsafeRawBufferPointer) {
        guard let index = self.pings.firstIndex(where: { $0.payload.elementsEqual(payload) }) else { return }
        let now = self.loop.eventLoop.now
        let answered = self.pings[...index]
        self.pings.removeSubrange(...index)
        for ping in answered { ping.resume(.success(.nanoseconds((now - ping.sent).nanoseconds))) }
    }
}
