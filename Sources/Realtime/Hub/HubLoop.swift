/// An event loop, as the hub needs it: a thread on which connections live. The hub knows no more of it, so that another driver can
/// take its place.
public protocol HubLoop: AnyObject, Sendable {
    /// Whether this is called on the loop's thread.
    var isCurrent: Bool { get }
    /// Runs a closure on the loop's thread, soon, and in the order of the calls.
    func execute(_ body: @escaping @Sendable () -> Void)
}

extension HubLoop {
    /// Runs a closure on the loop's thread: at once if this is it.
    func onLoop(_ body: @escaping @Sendable () -> Void) {
        if self.isCurrent { body() } else { self.execute(body) }
    }
}

/// A connection that messages are pushed to, as the hub needs it. All calls are on its loop; none may call the hub before it returns.
public protocol HubConnection: AnyObject {
    /// Sends text messages, without waiting: all of them or none.
    func send(_ messages: OutgoingMessages) -> HubSendResult
    /// Starts to close.
    func close(code: UInt16, reason: String)
}

/// What became of messages.
public enum HubSendResult: Sendable, Hashable {
    /// They are on their way.
    case sent
    /// They are on their way, and nothing more should be sent before ``HubClient/drained()``.
    case slow
    /// They are not sent, since too much waits. ``HubClient/drained()`` follows.
    case full
    /// They are not sent: the connection is closing.
    case closed
}

/// Text messages to one or many connections of a loop. It belongs to the loop.
public final class OutgoingMessages {
    /// The texts, in UTF-8.
    public let texts: [[UInt8]]
    /// Whether nothing else follows in this pass over the connections: nothing is gained by waiting for more to write.
    public let isLast: Bool
    /// What the driver has made of it, for the next connection.
    public var prepared: AnyObject?

    init(_ texts: [[UInt8]], isLast: Bool = false) {
        (self.texts, self.isLast) = (texts, isLast)
    }
}
