public import WebSocketCore
public import WebSocketDeflate

/// How one connection behaves: what it accepts, how long it waits, and how much it holds. The same for both roles.
public struct WebSocketConfiguration: Sendable {
    /// The default of ``closeTimeout``: 10 seconds, long enough for a slow mobile link.
    public static let defaultCloseTimeout: Duration = .seconds(10)
    /// The default of ``receiveBuffer``: 256 KiB, a few round trips' worth at 100 Mbit/s.
    public static let defaultReceiveBuffer = 256 << 10
    /// The default of ``sendBuffer``: 128 KiB, so that a message of 64 KiB does not fill it.
    public static let defaultSendBuffer = 128 << 10
    /// The default of ``maxSendBuffer``: 16 MiB, one message of the largest default size.
    public static let defaultMaxSendBuffer = 16 << 20

    /// The largest message that can be collected: 2 GiB, which NIO's buffers can hold and double once. Larger ones can be
    /// taken by chunks.
    public static let maxCollectedMessage = 1 << 31

    /// How much the peer may send in a frame, in a message, and in how many fragments. Default ``Limits/init(maxFrameSize:maxMessageSize:maxFragments:)``.
    /// More closes the connection with 1009. A message that is collected can never be larger than
    /// ``maxCollectedMessage``.
    public var limits: Limits
    /// How long the closing handshake may take before the connection is cut. Default ``defaultCloseTimeout``.
    public var closeTimeout: Duration
    /// How many bytes of messages may wait for a reader of ``WebSocketConnection/messages`` before the socket is not read
    /// any more (and the peer is slowed down by TCP). Each message counts for 128 bytes more than its payload. Default
    /// ``defaultReceiveBuffer``. It can be passed by as much again and one piece of a message (at most 512 KiB).
    public var receiveBuffer: Int
    /// How many bytes may wait for the socket before ``WebSocketConnection/send(_:compress:)-(String,Bool)`` waits, and, with a
    /// ``WebSocketHandler`` on a server, before the socket is not read any more. Default ``defaultSendBuffer``. Both go on when
    /// half of it is left.
    public var sendBuffer: Int
    /// How many bytes may wait for the socket before ``WebSocketConnection/trySend(_:compress:key:)`` refuses
    /// (``SendResult/full``). Default ``defaultMaxSendBuffer``. A single message may be larger when nothing waits.
    public var maxSendBuffer: Int

    /// What becomes of messages that are sent without waiting when ``maxSendBuffer`` would be passed. Default
    /// ``SlowConsumerPolicy/wait``.
    public var slowConsumers: SlowConsumerPolicy
    /// How much the peer may send in a time; nil, the default, for as much as it can: what it sends takes no memory that other
    /// limits do not bound.
    public var rates: Rates?

    /// How messages are compressed, where the peer agrees; nil, the default, for not at all. It costs CPU time, some 3 to 10 us
    /// for a message of 300 bytes, and memory: see ``WebSocketDeflate/DeflateConfiguration``.
    public var compression: DeflateConfiguration?
    /// When the peer is pinged, and given up; nil, the default, for never.
    public var keepalive: Keepalive?

    /// How much a peer may send in a time: of messages (pings are some) and of bytes as they are on the wire. Counted after each read
    /// of at most 512 KiB, so that what one brings is dealt with in any case.
    public struct Rates: Sendable, Hashable {
        /// So many a second, and so many at once.
        public struct Rate: Sendable, Hashable {
            /// How many a second.
            public var perSecond: Double
            /// How many at once.
            public var burst: Double

            /// Makes a rate.
            ///
            /// - Parameters:
            ///   - perSecond: How many a second.
            ///   - burst: How many at once; twice as many as in a second if it is nil.
            public init(perSecond: Double, burst: Double? = nil) {
                precondition(perSecond > 0 && burst ?? 1 >= 1, "a rate lets something through")
                self.perSecond = perSecond
                self.burst = burst ?? Swift.max(perSecond * 2, 1)
            }
        }

        /// What is done with a peer that sends more.
        public enum Action: Sendable, Hashable {
            /// It is not read from until it has waited for what it sent: TCP slows it down. Its pings wait as well.
            case delay
            /// The connection is closed with 1008.
            case close
        }

        /// Messages; nil for any number.
        public var messages: Rate?
        /// Bytes; nil for any number.
        public var bytes: Rate?
        /// What is done with a peer that sends more. Default ``Action/delay``.
        public var action: Action

        /// Makes a set of rates.
        ///
        /// - Parameters:
        ///   - messages: Messages.
        ///   - bytes: Bytes.
        ///   - action: What is done with a peer that sends more.
        public init(messages: Rate? = nil, bytes: Rate? = nil, action: Action = .delay) {
            self.messages = messages
            self.bytes = bytes
            self.action = action
        }
    }

    /// When a silent peer is pinged, and given up. Anything that arrives counts as a sign of life. It is looked at once a second.
    public struct Keepalive: Sendable, Hashable {
        /// The default of ``interval``: 30 seconds, less than the minute after which many proxies give a connection up.
        public static let defaultInterval: Duration = .seconds(30)
        /// The default of ``timeout``: 20 seconds, long enough for a phone that changes its network.
        public static let defaultTimeout: Duration = .seconds(20)

        /// How long nothing may come before a ping is sent. Default ``defaultInterval``.
        public var interval: Duration
        /// How long nothing may come behind the ping before the connection is cut. It then ends with 1006, and
        /// ``WebSocketCore/Closure/error`` says so. Default ``defaultTimeout``.
        public var timeout: Duration

        /// Makes a configuration.
        ///
        /// - Parameters:
        ///   - interval: How long nothing may come before a ping is sent.
        ///   - timeout: How long nothing may come behind it.
        public init(interval: Duration = Keepalive.defaultInterval, timeout: Duration = Keepalive.defaultTimeout) {
            precondition(interval > .zero && timeout > .zero, "a peer needs some time")
            self.interval = interval
            self.timeout = timeout
        }
    }

    /// Makes a configuration.
    ///
    /// - Parameters:
    ///   - limits: How much is accepted from the peer.
    ///   - closeTimeout: How long the closing handshake may take.
    ///   - receiveBuffer: How many bytes may wait for a reader.
    ///   - sendBuffer: How many bytes may wait for the socket before senders wait.
    ///   - maxSendBuffer: How many bytes may wait for the socket at all.
    ///   - slowConsumers: What becomes of messages to a peer that does not keep up.
    ///   - rates: How much the peer may send in a time; nil for as much as it can.
    ///   - compression: How messages are compressed; nil for not at all.
    ///   - keepalive: When the peer is pinged, and given up.
    public init(
        limits: Limits = Limits(),
        closeTimeout: Duration = WebSocketConfiguration.defaultCloseTimeout,
        receiveBuffer: Int = WebSocketConfiguration.defaultReceiveBuffer,
        sendBuffer: Int = WebSocketConfiguration.defaultSendBuffer,
        maxSendBuffer: Int = WebSocketConfiguration.defaultMaxSendBuffer,
        slowConsumers: SlowConsumerPolicy = .wait,
        rates: Rates? = nil,
        compression: DeflateConfiguration? = nil,
        keepalive: Keepalive? = nil
    ) {
        precondition(receiveBuffer > 0 && sendBuffer > 1 && maxSendBuffer > 0, "a buffer must hold something")
        self.limits = limits
        self.closeTimeout = closeTimeout
        self.receiveBuffer = receiveBuffer
        self.sendBuffer = sendBuffer
        self.maxSendBuffer = maxSendBuffer
        self.slowConsumers = slowConsumers
        self.rates = rates
        self.compression = compression
        self.keepalive = keepalive
    }
}

extension Duration {
    /// The duration in nanoseconds; what does not fit is the most that does.
    package var nanoseconds: UInt64 {
        let (seconds, attoseconds) = self.components
        guard seconds >= 0 else { return 0 }
        let (whole, overflow) = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? .max : whole.addingReportingOverflow(UInt64(max(attoseconds, 0) / 1_000_000_000)).partialValue
    }
}
