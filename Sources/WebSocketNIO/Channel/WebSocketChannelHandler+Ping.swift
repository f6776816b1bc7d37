import NIOCore
import WebSocketCore

extension WebSocketChannelHandler {
    /// A ping whose pong is awaited.
    struct PendingPing {
        var id: UInt64
        var payload: [UInt8]
        var sent: NIODeadline
        var resume: (Result<TimeAmount, WebSocketError>) -> Void
    }

    /// Sends a ping.
    ///
    /// - Parameters:
    ///   - payload: At most 125 bytes; nil for a number that no other ping of this connection has.
    ///   - id: Names the wait, to give it up.
    ///   - resume: Called with the time until the pong.
    func ping(_ payload: [UInt8]?, id: UInt64, _ resume: @escaping (Result<TimeAmount, WebSocketError>) -> Void) {
        guard self.hot.pointee.machine.phase == .open else {
            resume(.failure(WebSocketError(.closed(self.hot.pointee.machine.closure))))
            return
        }
        self.nextPingID += 1
        let payload = payload ?? withUnsafeBytes(of: self.nextPingID.bigEndian) { Array($0) }
        self.pings.append(PendingPing(id: id, payload: payload, sent: .now(), resume: resume))
        self.loop.enter()
        payload.withUnsafeBytes { self.enqueueControl(.ping, $0) }
        self.loop.leave()
    }

    /// A pong answers the ping with its payload, and all before it: a peer may answer only the newest (RFC 6455, 5.5.3).
    func receivedPong(_ payload: UnsafeRawBufferPointer) {
        guard let index = self.pings.firstIndex(where: { $0.payload.elementsEqual(payload) }) else { return }
        let now = NIODeadline.now()
        let answered = self.pings[...index]
        self.pings.removeSubrange(...index)
        for ping in answered { ping.resume(.success(now - ping.sent)) }
    }

    /// Ends the wait for a pong: its task was cancelled.
    func giveUpPing(id: UInt64) {
        guard let index = self.pings.firstIndex(where: { $0.id == id }) else { return }
        self.pings.remove(at: index).resume(.failure(WebSocketError(.messageAbandoned)))
    }
}
