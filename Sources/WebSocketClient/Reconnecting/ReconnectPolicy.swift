import HTTPTypes
public import WebSocketCore

/// When and how often a ``ReconnectingWebSocket`` connects again.
public struct ReconnectPolicy: Sendable {
    /// The default of ``minDelay``: half a second.
    public static let defaultMinDelay: Duration = .milliseconds(500)
    /// The default of ``maxDelay``: 30 seconds. A server that comes back has all of its clients within so much time.
    public static let defaultMaxDelay: Duration = .seconds(30)
    /// The default of ``stableAfter``: 10 seconds.
    public static let defaultStableAfter: Duration = .seconds(10)
    /// The default of ``terminalCodes``: 1000, a normal end; and those after which another attempt would end alike: 1002, 1003,
    /// 1007, 1008, 1009 and 1010.
    public static let defaultTerminalCodes: Set<CloseCode> = [
        .normalClosure, .protocolError, .unsupportedData, .invalidPayload, .policyViolation, .messageTooBig,
        .mandatoryExtension,
    ]

    /// The bound of the first delay; each further one has twice that of the one before. Default ``defaultMinDelay``.
    public var minDelay: Duration
    /// The most that a bound grows to. Default ``defaultMaxDelay``.
    public var maxDelay: Duration
    /// How long a connection has to last for the delays to begin anew. Default ``defaultStableAfter``: a server that accepts
    /// and closes at once is not called twice a second.
    public var stableAfter: Duration
    /// How many attempts may fail one after the other; nil, the default, for any number. One whose connection is lost has
    /// failed too: with 1 there is no second one.
    public var maxAttempts: Int?
    /// Close codes of the peer after which there is no further attempt. Default ``defaultTerminalCodes``.
    public var terminalCodes: Set<CloseCode>

    /// Makes a policy.
    public init(
        minDelay: Duration = ReconnectPolicy.defaultMinDelay,
        maxDelay: Duration = ReconnectPolicy.defaultMaxDelay,
        stableAfter: Duration = ReconnectPolicy.defaultStableAfter,
        maxAttempts: Int? = nil,
        terminalCodes: Set<CloseCode> = ReconnectPolicy.defaultTerminalCodes
    ) {
        precondition(minDelay > .zero && maxDelay >= minDelay, "delays grow from something")
        precondition(maxAttempts ?? 1 > 0, "there must be an attempt")
        self.minDelay = minDelay
        self.maxDelay = maxDelay
        self.stableAfter = stableAfter
        self.maxAttempts = maxAttempts
        self.terminalCodes = terminalCodes
    }

    /// Whether a connection that ended like this is not to be made again. The peer's code decides; where this end failed the
    /// connection, the code that it sent: what the peer did wrong it would do again, but one that was silent may have been
    /// out of reach.
    package func isTerminal(_ closure: Closure) -> Bool {
        self.terminalCodes.contains(closure.error?.closeCode ?? closure.code)
    }

    /// Whether an attempt that failed like this can be expected to fail again: the address, the request or the server's answer
    /// is the reason, not the network. Of the server's and a
    /// proxy's refusals those with 408, 425, 429 and 5xx may go away.
    package func isTerminal(_ error: DialError) -> Bool {
        switch error.code {
        case .refused(let refusal), .proxyRefused(let refusal):
            let status = refusal.response.status
            return status.kind != .serverError && ![408, 425, 429].contains(status.code)
        // A SOCKS5 proxy says by the same error that the server is out of reach.
        case .connect, .proxy, .timedOut, .lost, .answerLost, .tls: return false
        default: return true
        }
    }
}

/// The delays between attempts: exponential, with full jitter (a random part of the bound), so that clients which were lost at
/// the same moment do not come back at the same moment.
package struct Backoff {
    private let policy: ReconnectPolicy
    private var bound: Duration
    /// How many attempts have failed since the last stable connection.
    package private(set) var failures = 0

    package init(_ policy: ReconnectPolicy) {
        self.policy = policy
        self.bound = policy.minDelay
    }

    /// A connection has ended that lasted so long.
    package mutating func ended(after duration: Duration) {
        guard duration >= self.policy.stableAfter else { return }
        self.failures = 0
        self.bound = self.policy.minDelay
    }

    /// How long to wait for the next attempt; nil when there must be none.
    ///
    /// - Parameters:
    ///   - least: What the server asked for.
    ///   - random: Where the jitter comes from.
    package mutating func next(least: Duration?, using random: inout some RandomNumberGenerator) -> Duration? {
        self.failures += 1
        if let most = self.policy.maxAttempts, self.failures >= most { return nil }
        let bound = self.bound
        self.bound = Swift.min(bound * 2, self.policy.maxDelay)
        let jitter = bound * Double.random(in: 0...1, using: &random)
        // On top of what was asked for, or all would come at that moment.
        return (least ?? .zero) + jitter
    }
}
