import NIOCore
import WebSocketCore

/// Keepalive: a ping when nothing has come for a while, and the end of the connection when nothing comes then either. There is
/// no timer for it but the loop's one.
extension WebSocketChannelHandler: SweepEntry {
    /// Begins to watch, if that is configured.
    func keepAlive() {
        guard self.configuration.keepalive != nil else { return }
        self.heardTick = self.loop.sweep.tick
        self.loop.watch(self)
    }

    /// Something has arrived.
    @inline(__always)
    func heard() {
        self.heardTick = self.loop.sweep.tick
        self.isProbing = false
    }

    func isDone(at tick: UInt64) -> Bool {
        guard self.connection != nil, let keepalive = self.configuration.keepalive else { return true }
        // What is left alone for a reader cannot be heard. And a peer that takes what is sent to it is alive: its pong may have
        // to wait behind a large upload.
        let waiting = self.bufferedBytes
        let isTaking = waiting > 0 && waiting < self.bytesAtLastTick
        self.bytesAtLastTick = waiting
        if (self.mustNotRead && !self.lacksRoom) || isTaking {
            self.heardTick = tick
            return false
        }
        // One more: the second that was under way does not count as a whole one.
        let silence = tick - Swift.min(self.heardTick, tick)
        if !self.isProbing {
            if silence > LoopSweep.ticks(keepalive.interval), self.isOpen {
                self.isProbing = true
                self.enqueueControl(.ping, UnsafeRawBufferPointer(start: nil, count: 0))
            }
        } else if silence > LoopSweep.ticks(keepalive.interval) + LoopSweep.ticks(keepalive.timeout) {
            self.loop.statistics.pointee.givenUp &+= 1
            self.perform(self.hot.pointee.machine.fail(ProtocolError(.noPong), now: self.now))
            // Nobody is there to answer the Close frame.
            self.abort()
            return true
        }
        return false
    }
}
