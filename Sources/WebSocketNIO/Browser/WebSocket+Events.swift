import Synchronization

extension WebSocket {
    /// Called when the connection is open.
    public var onopen: (@Sendable (Event) -> Void)? {
        get { self.shared.withLock { $0.handlers.open.property } }
        set { self.change { $0.open.property = newValue } }
    }

    /// Called for each message.
    public var onmessage: (@Sendable (MessageEvent) -> Void)? {
        get { self.shared.withLock { $0.handlers.message.property } }
        set { self.change { $0.message.property = newValue } }
    }

    /// Called when the connection failed; ``onclose`` follows.
    public var onerror: (@Sendable (ErrorEvent) -> Void)? {
        get { self.shared.withLock { $0.handlers.error.property } }
        set { self.change { $0.error.property = newValue } }
    }

    /// Called when the connection is closed, however it ended.
    public var onclose: (@Sendable (CloseEvent) -> Void)? {
        get { self.shared.withLock { $0.handlers.close.property } }
        set { self.change { $0.close.property = newValue } }
    }

    /// Adds a listener behind those that are there.
    ///
    ///     let listener = ws.addEventListener(.message) { event in print(event.data) }
    ///
    /// - Parameters:
    ///   - type: The kind of event: `.open`, `.message`, `.error` or `.close`.
    ///   - once: Whether it is removed after its first event.
    ///   - listener: Is called on the event loop.
    /// - Returns: What to remove it by.
    @discardableResult
    public func addEventListener<Event>(
        _ type: EventType<Event>, once: Bool = false, _ listener: @escaping @Sendable (Event) -> Void
    ) -> EventListener {
        let added = EventListener(type: type.name)
        self.change { handlers in
            type.list(&handlers) { list in
                list.add(added) { [weak self] event in
                    if once { self?.removeEventListener(added) }
                    listener(event)
                }
            }
        }
        return added
    }

    /// Removes a listener; it is not called any more, not even for an event that others are being told of.
    public func removeEventListener(_ listener: EventListener) {
        listener.remove()
        self.change { handlers in
            handlers.open.remove(listener)
            handlers.message.remove(listener)
            handlers.error.remove(listener)
            handlers.close.remove(listener)
        }
    }

    /// Changes the handlers. The loop has a copy, so that it takes no lock for a message. It fetches it there: of two changes
    /// from two threads, the one that reaches the loop last need not be the later one.
    private func change(_ body: (inout EventHandlers) -> Void) {
        // What is let go of dies outside of the lock: it may be the last to hold somebody who asks this for something.
        let old = self.shared.withLock { shared in
            let old = shared.handlers
            body(&shared.handlers)
            return old
        }
        self.run { self.listen() }
        withExtendedLifetime(old) {}
    }
}
