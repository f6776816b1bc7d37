import Synchronization

/// The name of an event of a ``WebSocket``; it knows the type of its events.
public struct EventType<Event: Sendable>: Sendable {
    /// The name, as in the browser.
    public let name: String
    let list: @Sendable (inout EventHandlers, (inout HandlerList<Event>) -> Void) -> Void
}

extension EventType where Event == WebSocketNIO.Event {
    /// The connection is open.
    public static var open: Self { Self(name: "open") { $1(&$0.open) } }
}

extension EventType where Event == MessageEvent {
    /// A message has arrived.
    public static var message: Self { Self(name: "message") { $1(&$0.message) } }
}

extension EventType where Event == ErrorEvent {
    /// The connection failed.
    public static var error: Self { Self(name: "error") { $1(&$0.error) } }
}

extension EventType where Event == CloseEvent {
    /// The connection is closed.
    public static var close: Self { Self(name: "close") { $1(&$0.close) } }
}

/// Names a listener, to remove it: closures have no identity, as functions have in JavaScript.
public final class EventListener: Sendable {
    /// The name of the event.
    public let type: String
    private let removed = Atomic<Bool>(false)

    init(type: String) {
        self.type = type
    }

    /// Whether it is not to be called any more, even for an event that others are being told of.
    var isRemoved: Bool { self.removed.load(ordering: .relaxed) }

    func remove() { self.removed.store(true, ordering: .relaxed) }
}

/// Those who want to know of one kind of event, in the order in which they came; the `on…` property has its place among them
/// (HTML standard, section 8.1.8.1).
struct HandlerList<Event> {
    typealias Handler = @Sendable (Event) -> Void

    struct Entry {
        /// Nil for the `on…` property.
        var listener: EventListener?
        var handler: Handler
    }

    private(set) var entries: [Entry] = []

    var isEmpty: Bool { self.entries.isEmpty }

    /// The `on…` property. A new value keeps the place of the old one; nil gives it up.
    var property: Handler? {
        get { self.entries.first { $0.listener == nil }?.handler }
        set {
            let index = self.entries.firstIndex { $0.listener == nil }
            switch (index, newValue) {
            case (let index?, let handler?): self.entries[index].handler = handler
            case (let index?, nil): self.entries.remove(at: index)
            case (nil, let handler?): self.entries.append(Entry(listener: nil, handler: handler))
            case (nil, nil): break
            }
        }
    }

    mutating func add(_ listener: EventListener, _ handler: @escaping Handler) {
        self.entries.append(Entry(listener: listener, handler: handler))
    }

    mutating func remove(_ listener: EventListener) {
        self.entries.removeAll { $0.listener === listener }
    }

    /// Tells all of them, in their order; not those who are removed meanwhile.
    ///
    /// - Parameters:
    ///   - event: What happened.
    ///   - current: What the `on…` property, which had this value, holds now: that is what is called.
    func dispatch(_ event: Event, current: (@escaping Handler) -> Handler?) {
        var isFirst = true
        for entry in self.entries {
            if let listener = entry.listener {
                if !listener.isRemoved { entry.handler(event) }
            } else if isFirst {
                // Nobody can have changed it.
                entry.handler(event)
            } else {
                current(entry.handler)?(event)
            }
            isFirst = false
        }
    }
}

/// All handlers of a WebSocket.
struct EventHandlers {
    var open = HandlerList<Event>()
    var message = HandlerList<MessageEvent>()
    var error = HandlerList<ErrorEvent>()
    var close = HandlerList<CloseEvent>()
}
