import Logging
import WebSocketDeflate

/// What `duplex serve` was told: by flags, environment variables, a configuration file, and for the rest by defaults.
struct Settings: Sendable {
    /// How many connections may wait to be accepted: 4096; the kernel may allow fewer (net.core.somaxconn).
    static let defaultBacklog = 4096
    /// How long a connection may do nothing while a request is awaited or read: 60 seconds.
    static let defaultIdleTimeout: Duration = .seconds(60)
    /// The largest message that `/echo` takes: 64 MiB. A connection may hold that much while the message arrives, and twice
    /// that while it is sent back.
    static let defaultMaxMessageSize = 64 << 20
    /// What a shutdown may take beside ``drainDelay`` and ``DrainPolicy/window``: 4 seconds, of which 3 are for the last closing
    /// handshakes.
    static let shutdownReserve: Duration = .seconds(4)

    /// Whether clients have to show a certificate.
    enum ClientCertificates: String, CaseIterable, Sendable { case none, optional, required }
    /// Where HTTP/2 is spoken.
    enum HTTP2: String, CaseIterable, Sendable { case off, tls, everywhere }
    /// Where trusted proxies say who the client is.
    enum ForwardedField: String, CaseIterable, Sendable {
        case xForwardedFor = "x-forwarded-for"
        case forwarded
    }
    /// What is done with a client that sends more than it may.
    enum RateAction: String, CaseIterable, Sendable { case delay, close }
    /// What is done with a client that does not read what it is sent.
    enum SlowConsumers: String, CaseIterable, Sendable {
        case wait
        case dropNewest = "drop-newest"
        case dropOldest = "drop-oldest"
        case keepLatest = "keep-latest"
        case disconnect
    }

    /// A certificate, and what goes with it.
    struct TLS: Sendable, Equatable {
        var cert: String
        var key: String
        var clientCA: String?
        var clientCertificates: ClientCertificates
        /// How often the files are looked at; zero for never.
        var reloadInterval: Duration
    }

    var host: String
    var port: Int
    var unixSockets: [String]
    /// Whether a port is listened on: always, but with Unix sockets only where host or port is given.
    var listensOnPort: Bool
    var reusePort: Bool
    /// Nil for one for each core that may be used.
    var threads: Int?
    var backlog: Int
    var tls: TLS?
    var http2: HTTP2
    /// Nil for what each route has: `/chat` its own pages, `/echo` any.
    var allowedOrigins: [String]?
    var proxyProtocolFrom: [String]
    var trustedProxies: [String]
    var forwardedField: ForwardedField
    /// Zero for as many as there may be open files.
    var maxConnections: Int
    /// Zero for as many as there may be in all; so are the other limits.
    var maxConnectionsPerAddress: Int
    var maxWebSocketsPerAddress: Int
    /// For which addresses neither holds.
    var exemptAddresses: [String]
    var handshakesPerSecond: Int
    var handshakeTimeout: Duration
    var idleTimeout: Duration
    var maxMessageSize: Int
    var sendBuffer: Int
    /// Nil for what each route has: `/chat` 1 MiB, `/echo` two messages of the largest size.
    var maxSendBuffer: Int?
    var receiveBuffer: Int
    var messagesPerSecond: Int
    var bytesPerSecond: Int
    var rateAction: RateAction
    var slowConsumers: SlowConsumers
    /// Zero for never.
    var keepaliveInterval: Duration
    var keepaliveTimeout: Duration
    var drainPace: Int
    var drainWindow: Duration
    var drainDelay: Duration
    var drainReconnectAfter: Duration?
    /// Whether the simulated match and the couriers are played.
    var scenes: Bool
    var observability: Bool
    var logLevel: Logger.Level
    var compression: DeflateConfiguration?

    /// All settings as they were read, in the order of ``SettingKey``.
    let entries: [SettingEntry]

    /// How long a shutdown takes at most.
    var shutdownTime: Duration { self.drainDelay + self.drainWindow + Settings.shutdownReserve }
}
