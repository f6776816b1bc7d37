import NIOCore
import Synchronization
import WebSocketCore

/// What happened before there was a handler for it: each kind waits for its own first handler. The events themselves are made
/// when they are told, since an event holds the WebSocket, which holds this.
struct KeptEvents {
    typealias Message = (bytes: ByteBuffer, kind: WebSocketMessage.Kind)

    var isOpened = false
    var messages = CircularBuffer<Message>()
    var bytes = 0
    var error: (any Error)?
    var closure: Closure?

    /// For which kinds there is, or was, a handler.
    var knowsOpen = false
    var knowsMessage = false
    var knowsError = false
    var knowsClose = false
    /// What is kept is told soon: what happens meanwhile waits behind it.
    var isToldSoon = false
    /// Too much waits for a message handler: the socket is left alone.
    var isPaused = false
    /// No handler for messages came in time: they go nowhere, as in a browser.
    var isDropping = false

    var knowsAny: Bool { self.knowsOpen || self.knowsMessage || self.knowsError || self.knowsClose }

    /// Whether something waits for which there is a handler.
    var canBeTold: Bool {
        (self.isOpened && self.knowsOpen) || (!self.messages.isEmpty && self.knowsMessage)
            || (self.error != nil && self.knowsError) || (self.closure != nil && self.knowsClose)
    }

    /// Whether a message can be told as it arrives.
    var allowsDirect: Bool { self.knowsMessage && self.messages.isEmpty && !self.isToldSoon }

    mutating func know(_ handlers: EventHandlers) {
        self.knowsOpen = self.knowsOpen || !handlers.open.isEmpty
        self.knowsMessage = self.knowsMessage || !handlers.message.isEmpty
        self.knowsError = self.knowsError || !handlers.error.isEmpty
        self.knowsClose = self.knowsClose || !handlers.close.isEmpty
    }

    mutating func keep(_ message: Message) {
        self.messages.append(message)
        self.bytes += message.bytes.readableBytes + InboundQueue.overhead
    }

    mutating func takeMessage() -> Message? {
        guard let message = self.messages.popFirst() else { return nil }
        self.bytes -= message.bytes.readableBytes + InboundQueue.overhead
        return message
    }

    /// This end has closed: the open event and the messages come too late (WebSockets standard, section 4).
    mutating func forgetOpenAndMessages() {
        self.isOpened = false
        self.messages = []
        self.bytes = 0
    }
}

extension WebSocket {
    /// How long a socket whose reading was stopped waits for a message handler, once there are handlers for other events: 1 second.
    /// Then it is a program that only sends.
    static let grace: TimeAmount = .seconds(1)

    /// On the loop: the handlers have changed. What waited for one of them is told soon, not at once: several handlers that
    /// are set in one go on the loop are there together.
    func listen() {
        let isOver = self.onLoop.isOver
        let isClosed = self.onLoop.isClosed
        let (hasOpen, hasMessages) = (self.onLoop.kept.isOpened, !self.onLoop.kept.messages.isEmpty)
        let (old, handlers) = self.shared.withLock { shared in
            // What is let go of dies outside of the lock.
            let old = shared.handlers
            // What never happens again lets its handlers go, which may hold this.
            if isClosed && !hasOpen { shared.handlers.open = HandlerList() }
            if isClosed && !hasMessages { shared.handlers.message = HandlerList() }
            if isOver { shared.handlers = EventHandlers() }
            return (old, shared.handlers)
        }
        defer { withExtendedLifetime(old) {} }
        self.onLoop.handlers = handlers
        self.onLoop.changes &+= 1
        self.onLoop.kept.know(handlers)
        self.goOnReading()
        guard self.onLoop.kept.canBeTold, !self.onLoop.kept.isToldSoon else {
            self.onLoop.isDirect = self.onLoop.kept.allowsDirect
            return
        }
        self.onLoop.kept.isToldSoon = true
        self.onLoop.isDirect = false
        self.eventLoop.execute {
            self.onLoop.kept.isToldSoon = false
            self.tellKept()
        }
    }

    // MARK: Something happens

    /// On the loop: the connection is open.
    func isOpen() {
        self.onLoop.kept.isOpened = true
        self.tellKept()
    }

    /// On the loop: a message has arrived.
    func arrived(_ bytes: ByteBuffer, _ kind: WebSocketMessage.Kind, on connection: WebSocketConnection) {
        // A message that comes when this end has closed is not handed on (section 4).
        guard let binaryType = self.shared.withLock({ $0.readyState == .open ? $0.binaryType : nil }) else { return }
        if self.onLoop.isDirect { return self.tellMessage(bytes, kind, binaryType) }
        guard !self.onLoop.kept.isDropping else { return }
        // The connection was closed otherwise than through this: nothing holds the peer up any more, and nobody has asked.
        guard connection.handler.isOpen || self.onLoop.kept.bytes <= connection.configuration.receiveBuffer else {
            return
        }
        self.onLoop.kept.keep((kept(bytes), kind))
        guard !self.onLoop.kept.knowsMessage, self.onLoop.kept.bytes > connection.configuration.receiveBuffer,
            !self.onLoop.kept.isPaused
        else { return }
        self.onLoop.kept.isPaused = true
        connection.handler.setPaused(true)
        self.goOnReading()
    }

    /// On the loop: the connection is gone. Tells why, if it failed, and that it is closed.
    func end(_ closure: Closure, _ error: (any Error)?) {
        guard !self.onLoop.isClosed else { return }
        self.onLoop.isClosed = true
        let hadClosed = self.shared.withLock { shared in
            defer {
                shared.readyState = .closed
                shared.giveUp = nil
                shared.connection = nil
            }
            return shared.readyState == .closing
        }
        if hadClosed { self.onLoop.kept.forgetOpenAndMessages() }
        self.onLoop.kept.error = error
        self.onLoop.kept.closure = closure
        self.tellKept()
    }

    /// On the loop: goes on with reading when there is a handler for messages, or when there will be none.
    private func goOnReading() {
        guard self.onLoop.kept.isPaused, let connection = self.shared.withLock({ $0.connection }) else { return }
        if self.onLoop.kept.knowsMessage {
            self.onLoop.kept.isPaused = false
            // What comes then waits behind what is kept.
            self.eventLoop.execute { connection.handler.setPaused(false) }
        } else if self.onLoop.kept.knowsAny, self.onLoop.graceTask == nil {
            self.onLoop.graceTask = self.eventLoop.assumeIsolated().scheduleTask(in: WebSocket.grace) { [weak self] in
                guard let self, self.onLoop.kept.isPaused else { return }
                self.onLoop.kept.isPaused = false
                self.onLoop.kept.isDropping = true
                self.onLoop.kept.messages = []
                self.onLoop.kept.bytes = 0
                connection.handler.setPaused(false)
            }
        }
    }

    // MARK: Telling

    /// On the loop: tells what waits and has a handler, in the standard's order.
    private func tellKept() {
        guard !self.onLoop.kept.isToldSoon else { return }
        defer { self.onLoop.isDirect = self.onLoop.kept.allowsDirect }
        if self.onLoop.kept.isOpened, self.onLoop.kept.knowsOpen {
            self.onLoop.kept.isOpened = false
            if self.binaryTypeUnlessClosing() != nil { self.tell(\.open, Event(type: "open", target: self)) }
        }
        while self.onLoop.kept.knowsMessage, let (bytes, kind) = self.onLoop.kept.takeMessage() {
            guard let binaryType = self.binaryTypeUnlessClosing() else { continue }
            self.tellMessage(bytes, kind, binaryType)
        }
        if let error = self.onLoop.kept.error, self.onLoop.kept.knowsError {
            self.onLoop.kept.error = nil
            self.tell(\.error, ErrorEvent(target: self, error: error))
        }
        if let closure = self.onLoop.kept.closure, self.onLoop.kept.knowsClose {
            self.onLoop.kept = KeptEvents()
            self.onLoop.isOver = true
            self.tell(
                \.close,
                CloseEvent(
                    target: self, wasClean: closure.wasClean, code: Int(closure.code.rawValue), reason: closure.reason))
            // The handlers may hold this, and hold each other.
            self.listen()
        } else if self.onLoop.isClosed {
            // Nobody listens for the close event, and perhaps nobody ever will.
            self.listen()
        }
    }

    /// Nil once this end has closed.
    private func binaryTypeUnlessClosing() -> BinaryType? {
        self.shared.withLock { $0.readyState == .closing ? nil : $0.binaryType }
    }

    private func tellMessage(_ bytes: ByteBuffer, _ kind: WebSocketMessage.Kind, _ binaryType: BinaryType) {
        let data: MessageEvent.Data =
            switch (kind, binaryType) {
            case (.text, _): .string(String(buffer: bytes))
            // Kept for long, a slice would keep the whole read.
            case (.binary, .blob): .blob(Blob(kept(bytes)))
            case (.binary, .arrayBuffer): .arrayBuffer(kept(bytes))
            }
        // Without the key path, which would cost as much as the rest.
        let list = self.onLoop.handlers.message
        let changes = self.onLoop.changes
        list.dispatch(MessageEvent(target: self, data: data, origin: self.origin)) {
            changes == self.onLoop.changes ? $0 : self.onLoop.handlers.message.property
        }
    }

    /// Calls the handlers of an event. They may change the handlers, so what is called is a copy of the list.
    private func tell<Event>(_ path: KeyPath<EventHandlers, HandlerList<Event>>, _ event: Event) {
        let list = self.onLoop.handlers[keyPath: path]
        let changes = self.onLoop.changes
        list.dispatch(event) { changes == self.onLoop.changes ? $0 : self.onLoop.handlers[keyPath: path].property }
    }
}
