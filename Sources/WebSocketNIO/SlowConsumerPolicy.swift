public import WebSocketCore

/// What becomes of messages to a peer that does not keep up: of those that are sent without waiting (`trySend`, `broadcast`), when
/// more than ``WebSocketConfiguration/maxSendBuffer`` would wait for the socket.
///
/// Pings, pongs and the Close frame go their way in any case. What is sent with `send` waits, and is never dropped; nor is a
/// message in pieces. What is dropped is counted: ``WebSocketConnection/droppedMessages``.
public enum SlowConsumerPolicy: Sendable, Hashable {
    /// The message is refused (``SendResult/full``), and it is for the sender to wait or to do without.
    case wait
    /// The message is dropped (``SendResult/dropped``).
    case dropNewest
    /// The oldest messages that wait are dropped to make room: for a stream of which the newest matters.
    case dropOldest
    /// A message takes the place of one that waits with the same key, whenever there is one; else as ``dropOldest``: for the state
    /// of things, of which only the last matters.
    case keepLatest
    /// The connection is closed with this code, 1008 or 1013 say, and the reason "too slow": for a peer that can come back and
    /// catch up.
    case disconnect(CloseCode)

    /// The reason that goes with a disconnection.
    public static let reason = "too slow"

    /// Whether messages wait where they can be dropped.
    var usesBacklog: Bool {
        switch self {
        case .dropOldest, .keepLatest: true
        case .wait, .dropNewest, .disconnect: false
        }
    }
}
