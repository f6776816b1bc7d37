import NIOCore
import WebSocketCore

/// What has arrived is left alone, undealt with, while its reader has to catch up: so that neither a read that is full of tiny
/// messages nor one that inflates to a thousand times its size can pile up messages.
extension WebSocketChannelHandler {
    /// How much may be inflated before other connections of the loop get their turn: 4 MiB, some 10 ms.
    static let maxInflatedAtOnce = 4 << 20
    /// How long they have it at least: 50 us.
    static let yieldTime: TimeAmount = .microseconds(50)
    /// How much may be inflated for a reader that is behind when the connection breaks: 16 MiB, a message of the largest default
    /// size. What is beyond is lost with the connection.
    static let maxInflatedAtEnd = 16 << 20

    /// Whether what arrives is left alone. A connection that this end closes has to see the peer's Close frame: then it waits
    /// for a reader only if there is one.
    var mustPause: Bool {
        if self.isAtEnd { return false }
        return self.isYielding || (self.isDelayed && self.isOpen)
            || (self.isReaderFull && (self.isOpen || self.hasReader)) || self.lacksRoom
    }

    /// Whether there is no room for answers, where that counts.
    var lacksRoom: Bool { self.isOpen && self.readsOnlyWithRoom && !self.hasRoom }

    /// Whether the socket is left alone.
    var mustNotRead: Bool { self.isPaused || self.mustPause }

    /// Whether there is somebody who takes what is queued.
    var hasReader: Bool {
        if case .queue(let queue) = self.sink { queue.hasReader } else { false }
    }

    /// Goes on with what was left alone, and with reading, if there is nothing against it any more.
    func resumeInput() {
        // Not from within: what is under way comes first, and the end behind it.
        if self.isPaused, !self.mustPause, !self.isResuming {
            self.loop.enter()
            self.dealWithRest()
            self.loop.leave()
        }
        if self.isEndDeferred, !self.isPaused, !self.isResuming {
            self.isEndDeferred = false
            self.perform(self.hot.pointee.machine.transportEnded())
        }
        guard self.isReadDeferred, !self.mustNotRead else { return }
        self.isReadDeferred = false
        self.context?.read()
    }

    /// Deals with what was left alone; it may have to be left alone again.
    private func dealWithRest() {
        self.isPaused = false
        self.isResuming = true
        self.inflatedAtOnce = 0
        self.inflateRest()
        if !self.isPaused, let carried = self.carry.take() { self.process(carried) }
        self.isResuming = false
    }

    /// The peer has ended its side. Its end comes behind what it sent, where somebody is going to take that.
    func inputEnded() {
        if self.isPaused, self.isYielding || self.hasReader {
            self.isEndDeferred = true
        } else {
            self.dealWithRestAtEnd()
            self.perform(self.hot.pointee.machine.transportEnded())
        }
    }

    /// The connection broke: what has arrived goes to the reader now, however far behind it is.
    ///
    /// Not if this end has cut it: nobody wants it then.
    func dealWithRestAtEnd() {
        guard self.isPaused, self.hot.pointee.machine.phase != .closed else { return }
        self.isAtEnd = true
        self.dealWithRest()
        self.isAtEnd = false
    }

    /// Leaves alone what arrives until this is called with false: for a handler that is not ready yet.
    func setPaused(_ isPaused: Bool) {
        self.isReaderFull = isPaused
        if !isPaused {
            self.resumeInput()
        } else if self.mustPause {
            self.isPaused = true
        }
    }

    /// Lets the other connections of the loop have their turn.
    func yield() {
        self.isYielding = true
        self.isPaused = true
        // Not as a task for now: the loop does all of these before it looks at a socket again.
        self.loop.eventLoop.assumeIsolated().scheduleTask(in: WebSocketChannelHandler.yieldTime) {
            self.isYielding = false
            self.resumeInput()
        }
    }
}
