package import WebSocketCore

/// How open WebSockets are told to go when their server shuts down: not all at once, so that they do not all come back at once.
///
/// Each is sent a Close frame when its turn comes; then the closing handshake may take 3 seconds, or its
/// ``WebSocketConfiguration/closeTimeout`` if that is less.
public struct DrainPolicy: Sendable, Hashable {
    /// The default of ``pace``: 1,000 a second, which a core can take back over TLS.
    public static let defaultPace = 1000
    /// The default of ``window``: 10 seconds, a third of what orchestrators usually grant before they kill.
    public static let defaultWindow: Duration = .seconds(10)
    /// The reason that goes with 1001.
    public static let reason = "the server shuts down"

    /// How many WebSockets are told in a second. They are told in batches, ten a second. Default ``defaultPace``.
    public var pace: Int
    /// Within which time all are told, even if the pace has to be higher for that. Default ``defaultWindow``.
    public var window: Duration
    /// After which time clients may come back: then the code is 1012 (service restart), and the reason
    /// "reconnect after N ms", which `ReconnectingWebSocket` heeds. Nil, the default, for 1001 (going away).
    public var reconnectAfter: Duration?

    /// Makes a policy.
    ///
    /// - Parameters:
    ///   - pace: How many are told in a second.
    ///   - window: Within which time all are told.
    ///   - reconnectAfter: After which time clients may come back; nil to leave it to them.
    public init(
        pace: Int = DrainPolicy.defaultPace, window: Duration = DrainPolicy.defaultWindow,
        reconnectAfter: Duration? = nil
    ) {
        precondition(pace > 0 && window >= .zero, "somebody has to be told at some time")
        self.pace = pace
        self.window = window
        self.reconnectAfter = reconnectAfter
    }

    /// What is told.
    package var frame: CloseFrame {
        let told =
            if let reconnectAfter {
                try? CloseFrame(code: .serviceRestart, reason: ReconnectHint.reason(after: reconnectAfter))
            } else {
                try? CloseFrame(code: .goingAway, reason: DrainPolicy.reason)
            }
        return told ?? .empty
    }

    /// How many batches there are in a second.
    static let batches = 10.0

    /// How long the one that asks as the n-th has to wait.
    ///
    /// - Parameters:
    ///   - slot: Its place, from 0.
    ///   - count: How many there are, about.
    package func delay(slot: Int, of count: Int) -> Duration {
        let paced = Double(slot) / Double(self.pace)
        // Faster, if the last would be too late.
        let spread = Double(self.window.nanoseconds) / 1e9 * Double(slot) / Double(Swift.max(count - 1, slot, 1))
        return .seconds((Swift.min(paced, spread) * DrainPolicy.batches).rounded(.down) / DrainPolicy.batches)
    }
}
