public import HummingbirdCore
public import NIOCore
public import WebSocketNIO

/// How a server treats its connections, until and beside their being WebSockets. What a WebSocket may do is its route's
/// `WebSocketConfiguration`.
///
/// One value belongs to one server: what it counts (``admission``) and the certificates (``tls``) are shared by all of the
/// server's addresses.
public struct WebSocketServerConfiguration: Sendable {
    /// The default of ``handshakeTimeout``: 10 seconds.
    public static let defaultHandshakeTimeout: Duration = .seconds(10)

    /// The default of how long a connection may do nothing while a request is awaited or read: 60 seconds. A WebSocket may do
    /// nothing for ever.
    public static let defaultIdleTimeout: TimeAmount = .seconds(60)

    /// The default of the size of a request's header fields, all together: 16 KiB, and of one of them: 8 KiB. Cookies may be long.
    public static let defaultMaxHeaderList = 16 << 10
    /// The default of the number of a request's header fields: 100.
    public static let defaultMaxHeaderCount = 100
    /// ``http1`` by default.
    public static let defaultHTTP1 = HTTP1Channel.Configuration(
        idleTimeout: WebSocketServerConfiguration.defaultIdleTimeout,
        httpDecoderConfiguration: .init(
            maxHeaderFieldSize: WebSocketServerConfiguration.defaultMaxHeaderList / 2,
            maxHeaderListSize: WebSocketServerConfiguration.defaultMaxHeaderList,
            maxHeaderFieldCount: WebSocketServerConfiguration.defaultMaxHeaderCount))

    /// How long a new connection may take for its PROXY header and TLS, and as long again for its first request. Also how long the
    /// head of a later request may take, from its first byte on, and how long a route may take to decide about a handshake: then its
    /// task is cancelled, and the client gets 503. Default ``defaultHandshakeTimeout``.
    public var handshakeTimeout: Duration
    /// What Hummingbird's HTTP/1.1 server takes: idle timeout, limits of header fields (default ``defaultHTTP1``), further handlers (which see ordinary requests only).
    public var http1: HTTP1Channel.Configuration
    /// Where HTTP/2 is spoken, and WebSockets over it (RFC 8441). Default ``HTTP2Use/overTLS``.
    public var http2: HTTP2Use
    /// Certificates; nil, the default, for no TLS.
    public var tls: ServerTLS?
    /// Which connections begin with a PROXY protocol header. Default: none.
    public var proxyProtocol: ProxyProtocol
    /// Which proxies are believed when they say who the client is, in ``forwardedField``. Default: none. Of the fields that belong
    /// together a proxy has to write or to remove each.
    public var trustedProxies: [AddressRange]
    /// In which field they say it; the others are not looked at. Default ``ForwardedField/xForwardedFor``.
    public var forwardedField: ForwardedField
    /// How many connections and handshakes are let in.
    public var admission: AdmissionLimits
    /// How WebSockets are told to go when the server shuts down.
    public var drain: DrainPolicy
    /// Who is told what happens; nil, the default, for nobody.
    public var metrics: WebSocketMetrics?

    /// Where HTTP/2 is spoken.
    public enum HTTP2Use: Sendable, Hashable {
        /// Nowhere.
        case off
        /// Over TLS, where the client wants it (ALPN).
        case overTLS
        /// Over TLS, and without it to clients that begin with it (prior knowledge): for a proxy that speaks it to servers.
        case everywhere
    }

    /// Makes a configuration.
    ///
    /// - Parameters:
    ///   - handshakeTimeout: How long a new connection may take for each step of its beginning.
    ///   - http1: What Hummingbird's HTTP/1.1 server takes.
    ///   - http2: Where HTTP/2 is spoken.
    ///   - tls: Certificates.
    ///   - proxyProtocol: Which connections begin with a PROXY protocol header.
    ///   - trustedProxies: Which proxies are believed when they say who the client is.
    ///   - forwardedField: In which field they say it.
    ///   - admission: How many connections and handshakes are let in.
    ///   - drain: How WebSockets are told to go when the server shuts down.
    ///   - metrics: Who is told what happens.
    public init(
        handshakeTimeout: Duration = WebSocketServerConfiguration.defaultHandshakeTimeout,
        http1: HTTP1Channel.Configuration = WebSocketServerConfiguration.defaultHTTP1,
        http2: HTTP2Use = .overTLS,
        tls: ServerTLS? = nil,
        proxyProtocol: ProxyProtocol = .off,
        trustedProxies: [AddressRange] = [],
        forwardedField: ForwardedField = .xForwardedFor,
        admission: AdmissionLimits = AdmissionLimits(),
        drain: DrainPolicy = DrainPolicy(),
        metrics: WebSocketMetrics? = nil
    ) {
        self.handshakeTimeout = handshakeTimeout
        self.http1 = http1
        self.http2 = http2
        self.tls = tls
        self.proxyProtocol = proxyProtocol
        self.trustedProxies = trustedProxies
        self.forwardedField = forwardedField
        self.admission = admission
        self.drain = drain
        self.metrics = metrics
    }
}
