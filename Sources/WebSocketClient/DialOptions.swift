public import HTTPTypes
package import NIOPosix
public import NIOSSL
public import WebSocketNIO

/// How a client connects.
public struct DialOptions: Sendable {
    /// The default of ``connectTimeout``: 10 seconds.
    public static let defaultConnectTimeout: Duration = .seconds(10)
    /// The default of ``handshakeTimeout``: 10 seconds.
    public static let defaultHandshakeTimeout: Duration = .seconds(10)

    /// The default of ``tls``: the system's trust roots, the host's name or address is checked, and TLS 1.2 or later (RFC 8996).
    public static var defaultTLS: TLSConfiguration {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.minimumTLSVersion = .tlsv12
        return tls
    }

    /// The version of HTTP that carries the opening handshake.
    public enum HTTPVersion: Sendable, Hashable {
        /// HTTP/1.1 (RFC 6455).
        case http1
        /// HTTP/2 (RFC 8441): over TLS by ALPN, and for ws by prior knowledge. The connection fails where the server has it not,
        /// or has no WebSockets over it.
        case http2
        /// Over TLS HTTP/2 where the server has WebSockets over it, and else HTTP/1.1, for which a second connection may be
        /// needed; for ws HTTP/1.1.
        case automatic

        /// What is offered by ALPN; nil for what ``DialOptions/tls`` says.
        var applicationProtocols: [String]? {
            switch self {
            case .http1: nil
            case .http2: ["h2"]
            case .automatic: ["h2", "http/1.1"]
            }
        }
    }

    /// The subprotocols to ask for, best first: tokens, each once.
    public var protocols: [String]
    /// Further header fields, such as Origin or Authorization.
    public var fields: HTTPFields
    /// Cookies to send, in one field with those of ``fields``: names are tokens, values have no control characters, blanks,
    /// quotes, commas, semicolons or backslashes, except for one pair of quotes around all (RFC 6265, section 4.1.1).
    public var cookies: [(name: String, value: String)]
    /// How TLS is done, for wss: trust roots, client certificate, versions. Default ``defaultTLS``.
    public var tls: TLSConfiguration
    /// The name that the server is asked for by SNI, and that its certificate must have, instead of the address's host.
    public var serverName: String?
    /// If there are any, the server's own certificate (not that of an authority) must be one of these, byte for byte. That is
    /// on top of what ``tls`` checks; for the pins alone, let `tls.certificateVerification` be `.none`.
    public var pinnedCertificates: [NIOSSLCertificate]
    /// What to connect through. Default: ``DialProxy/none``; a program that follows the environment says so by
    /// ``DialProxy/environment``.
    public var proxy: DialProxy
    /// The path of a Unix socket to connect to, at most 107 bytes on Linux. The address then only says what the server is
    /// asked for, and no proxy is used; redirects stay on the socket.
    public var unixSocket: String?
    /// The version of HTTP that carries the opening handshake. Default ``HTTPVersion/http1``.
    public var httpVersion: HTTPVersion
    /// How many redirects are followed: 301, 302, 303, 307 and 308. Default: 0, as in a browser, where a redirect is a refusal.
    ///
    /// None is followed from wss to ws. `Authorization`, `Cookie` and the address's user and password are left out from the
    /// first redirect on that leads to another scheme, host or port; and so are the client's certificate and ``serverName``.
    public var maxRedirects: Int
    /// How long it may take until there is a way to the server: names, TCP, and the proxy. Each redirect has as long again.
    /// Default ``defaultConnectTimeout``.
    public var connectTimeout: Duration
    /// How long TLS and the opening handshake may take from then on. Each redirect has as long again. Default
    /// ``defaultHandshakeTimeout``.
    public var handshakeTimeout: Duration
    /// How the connection behaves.
    public var configuration: WebSocketConfiguration
    /// Who resolves names; the system if nil. For tests.
    package var resolver: (any Resolver & Sendable)?

    /// Makes a set of options.
    ///
    /// - Parameters:
    ///   - protocols: The subprotocols to ask for, best first.
    ///   - fields: Further header fields.
    ///   - cookies: Cookies to send.
    ///   - tls: How TLS is done.
    ///   - serverName: The server's name for TLS, if it is not the address's host.
    ///   - pinnedCertificates: The certificates one of which the server must have.
    ///   - proxy: What to connect through.
    ///   - unixSocket: The path of a Unix socket to connect to.
    ///   - httpVersion: The version of HTTP that carries the opening handshake.
    ///   - maxRedirects: How many redirects are followed.
    ///   - connectTimeout: How long connecting may take.
    ///   - handshakeTimeout: How long TLS and the opening handshake may take.
    ///   - configuration: How the connection behaves.
    public init(
        protocols: [String] = [],
        fields: HTTPFields = [:],
        cookies: [(name: String, value: String)] = [],
        tls: TLSConfiguration = DialOptions.defaultTLS,
        serverName: String? = nil,
        pinnedCertificates: [NIOSSLCertificate] = [],
        proxy: DialProxy = .none,
        unixSocket: String? = nil,
        httpVersion: HTTPVersion = .http1,
        maxRedirects: Int = 0,
        connectTimeout: Duration = DialOptions.defaultConnectTimeout,
        handshakeTimeout: Duration = DialOptions.defaultHandshakeTimeout,
        configuration: WebSocketConfiguration = WebSocketConfiguration()
    ) {
        self.protocols = protocols
        self.fields = fields
        self.cookies = cookies
        self.tls = tls
        self.serverName = serverName
        self.pinnedCertificates = pinnedCertificates
        self.proxy = proxy
        self.unixSocket = unixSocket
        self.httpVersion = httpVersion
        self.maxRedirects = maxRedirects
        self.connectTimeout = connectTimeout
        self.handshakeTimeout = handshakeTimeout
        self.configuration = configuration
    }
}
