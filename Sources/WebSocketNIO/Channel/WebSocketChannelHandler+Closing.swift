import NIOCore
import WebSocketCore

extension WebSocketChannelHandler {
    /// How long the closing handshake may take when the server shuts down: 3 seconds, so that all are gone within 5.
    static let goAwayTimeout: UInt64 = 3_000_000_000

    /// Starts the closing handshake. Calls no foreign code, since it may be called from some.
    func startClosing(_ frame: CloseFrame, timeout: UInt64? = nil) {
        self.loop.enter()
        // Before the Close frame, with which sending ends.
        if self.usesBacklog, self.held != nil { self.releaseHeld(isLast: true) }
        self.perform(self.hot.pointee.machine.close(frame, timeout: timeout, now: self.now))
        self.loop.leaveLater()
    }

    /// The server shuts down: says so when this connection's turn has come.
    func goAway() {
        guard let drain = self.drain else { return self.goAway(DrainPolicy().frame) }
        let delay = drain.nextDelay()
        guard delay > .zero else { return self.goAway(drain.policy.frame) }
        // One timer for each connection, but only now that all of them end.
        self.loop.eventLoop.assumeIsolated().scheduleTask(in: delay) {
            if self.isOpen { self.goAway(drain.policy.frame) }
        }
    }

    private func goAway(_ frame: CloseFrame) {
        self.startClosing(
            frame, timeout: Swift.min(WebSocketChannelHandler.goAwayTimeout, self.hot.pointee.machine.closeTimeout))
    }

    /// Fails the connection because a message grew beyond what can be collected.
    func failTooLarge() {
        self.loop.enter()
        let limit = WebSocketConfiguration.maxCollectedMessage
        self.isDropping = true
        self.perform(
            self.hot.pointee.machine.fail(ProtocolError(.messageTooBig(size: limit, limit: limit)), now: self.now))
        self.loop.leave()
    }

    /// Cuts the connection.
    func abort() {
        self.perform(self.hot.pointee.machine.transportEnded())
    }

    /// Does what the core says about the end of the connection.
    func perform(_ action: ClosingStateMachine.Action) {
        let leavesOpen = self.isOpen && self.hot.pointee.machine.phase != .open
        if leavesOpen {
            self.hot.pointee.isOpen = false
            self.connection?.setState(.closing)
        }
        switch action {
        case .none: break
        case .write(let frame):
            self.enqueueClose(frame)
        case .writeAndClose(let frame):
            self.enqueueClose(frame)
            self.closeWhenWritten()
        case .writeAndEndOutput(let frame):
            self.enqueueClose(frame)
            self.flush()
            self.context?.close(mode: .output, promise: nil)
        case .endOutput:
            self.flush()
            self.context?.close(mode: .output, promise: nil)
        case .close:
            if self.hot.pointee.machine.phase == .closed {
                self.context?.close(promise: nil)
                self.ended()
            } else {
                self.closeWhenWritten()
            }
        }
        self.armDeadline()
        // The peer's Close frame must be read even if nobody reads messages. Later: it may be there already, and end what was to be
        // written first.
        if leavesOpen, self.isPaused || self.isReadDeferred || self.isEndDeferred {
            self.loop.eventLoop.execute { self.resumeInput() }
        }
    }

    private func closeWhenWritten() {
        guard let context = self.context else { return }
        self.flush()
        // The rest of the stream is no business of the WebSocket any more.
        if let stream { return stream.finish { self.ended() } }
        let written = context.eventLoop.makePromise(of: Void.self)
        written.futureResult.assumeIsolated().whenComplete { _ in context.close(promise: nil) }
        context.writeAndFlush(self.wrapOutboundOut(ByteBuffer()), promise: written)
    }

    private func armDeadline() {
        guard let deadline = self.hot.pointee.machine.deadline else {
            self.deadlineTask?.cancel()
            self.deadlineTask = nil
            return
        }
        self.deadlineTask?.cancel()
        // A time-out without an end asks for no timer.
        guard deadline < UInt64(Int64.max) else { return }
        self.deadlineTask = self.loop.eventLoop.assumeIsolated().scheduleTask(deadline: .uptimeNanoseconds(deadline)) {
            self.deadlineTask = nil
            self.perform(self.hot.pointee.machine.deadlineReached())
        }
    }

    /// The connection is gone: tells everybody, and lets go of everything. Does nothing a second time.
    func ended() {
        guard let connection = self.connection else { return }
        // What handlers say to others is written when they are done.
        self.loop.enter()
        defer { self.loop.leave() }
        self.handBatchOver()
        _ = self.hot.pointee.machine.transportEnded()
        let closure = self.hot.pointee.machine.closure ?? .abnormal
        self.hot.pointee.isOpen = false
        self.connection = nil
        self.drain?.ended()
        self.deadlineTask?.cancel()
        self.deadlineTask = nil
        (self.carry, self.gathered, self.held) = (nil, nil, nil)
        (self.isPaused, self.isEndDeferred) = (false, false)
        self.deflate?.close()
        self.deflate = nil
        self.onAmount = nil
        if let outbox = self.hot.pointee.outbox.take() { self.loop.keepOutbox(outbox) }
        self.hot.pointee.heldBytes = 0
        self.hot.pointee.alone = nil
        self.countQueued()
        self.loop.statistics.pointee.closed[closure.code.rawValue, default: 0] += 1
        connection.setBuffered(0)

        let error = WebSocketError(.closed(closure))
        let waiters = self.roomWaiters + self.pieceWaiters
        (self.roomWaiters, self.pieceWaiters) = ([], [])
        for waiter in waiters { waiter.resume(.failure(error)) }
        let pings = self.pings
        self.pings = []
        for ping in pings { ping.resume(.failure(error)) }

        connection.ended(closure)
        let sink = self.sink
        self.sink = .none
        switch sink {
        case .none: break
        case .queue(let queue): queue.finish(closure)
        case .handler(let handler):
            // Whoever was reading when it was handed over waits no longer.
            connection.queue?.finish(closure)
            handler.closed(connection, closure)
        }
    }
}
