import NIOCore
import WebSocketCore

/// Messages that wait here: behind one that goes out in pieces, and, with a policy that drops some, for a socket that is full.
extension WebSocketChannelHandler {
    /// Keeps a message for later. One with the key of another that waits takes its place.
    func hold(_ message: HeldMessage) {
        if self.held == nil { self.held = HeldMessages() }
        let before = self.held!.bytes
        if self.configuration.slowConsumers == .keepLatest, self.held!.replace(with: message) {
            self.countDropped()
        } else {
            self.held!.append(message)
        }
        self.hot.pointee.heldBytes += self.held!.bytes - before
        if self.usesBacklog { self.countQueued() }
    }

    /// What becomes of a message that is sent without waiting and finds no room.
    ///
    /// - Returns: The answer, if it is not to be enqueued.
    func overflow(_ count: Int, key: Int?) -> SendResult? {
        var count = count
        if self.configuration.slowConsumers == .keepLatest, let key, let size = self.held?.size(of: key) {
            count -= size
        }
        let excess = self.bufferedBytes + count - self.configuration.maxSendBuffer
        guard excess > 0 else { return nil }
        switch self.configuration.slowConsumers {
        case .wait:
            return .full
        case .dropNewest:
            self.countDropped()
            return .dropped
        case .dropOldest, .keepLatest:
            let before = self.held?.bytes ?? 0
            let dropped = self.held?.dropOldest(excess, except: key) ?? 0
            self.countDropped(dropped)
            let freed = before - (self.held?.bytes ?? 0)
            self.hot.pointee.heldBytes -= freed
            if freed >= excess { return nil }
            // The rest may not be dropped.
            self.countDropped()
            return .dropped
        case .disconnect(let code):
            if let frame = try? CloseFrame(code: code, reason: SlowConsumerPolicy.reason) { self.startClosing(frame) }
            return .closed
        }
    }

    func countDropped(_ count: Int = 1) {
        self.connection?.addDropped(count)
        self.loop.statistics.pointee.dropped &+= count
    }

    /// Sends what waits, as far as nothing keeps it back.
    ///
    /// - Parameter isLast: Whether all of it has to go, because nothing can follow.
    func releaseHeld(isLast: Bool = false) {
        guard !self.hot.pointee.isSendingPieces else { return }
        self.loop.enter()
        var cache = SharedMessage.Cache()
        // What is sent from here is not to be held again.
        self.hot.pointee.isHolding = false
        while isLast || !self.mustKeepHolding, let message = self.held?.popFirst() {
            self.hot.pointee.heldBytes -= message.size
            guard self.isOpen else { continue }
            if let shared = message.shared {
                self.enqueueShared(shared, &cache)
            } else {
                self.enqueueMessage(message.opcode, message.payload, compress: message.compress)
            }
        }
        if self.held?.isEmpty ?? true {
            self.held = nil
            self.hot.pointee.isHolding = self.usesBacklog && self.hot.pointee.isSocketFull
        } else {
            self.hot.pointee.isHolding = true
        }
        self.loop.leave()
    }

    /// Whether what waits has to wait on: for the socket, or until what was handed to it in this batch is flushed.
    private var mustKeepHolding: Bool {
        guard self.usesBacklog, self.isOpen else { return false }
        return self.hot.pointee.isSocketFull
            || self.hot.pointee.unflushedBytes + self.hot.pointee.outbox.count >= self.configuration.sendBuffer
    }
}
