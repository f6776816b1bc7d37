public import HTTPTypes
public import NIOSSL
public import WebSocketNIO

/// How a client connects.
public struct DialOptions: Sendable {
    /// The default of ``timeout``: 10 seconds.
    public static let defaultTimeout: Duration = .seconds(10)

    /// The subprotocols to ask for, best first: tokens, each once.
    public var protocols: [String]
    /// Further header fields, such as Origin, Cookie or Authorization.
    public var fields: HTTPFields
    /// How TLS is done, for wss. Default: the system's trust roots and the host's name are checked.
    public var tls: TLSConfiguration
    /// How long connecting, TLS and the handshake may take together. Default ``defaultTimeout``.
    public var timeout: Duration
    /// How the connection behaves.
    public var configuration: WebSocketConfiguration

    /// Makes a set of options.
    ///
    /// - Parameters:
    ///   - protocols: The subprotocols to ask for, best first.
    ///   - fields: Further header fields.
    ///   - tls: How TLS is done.
    ///   - timeout: How long connecting may take.
    ///   - configuration: How the connection behaves.
    public init(
        protocols: [String] = [],
        fields: HTTPFields = [:],
        tls: TLSConfiguration = .makeClientConfiguration(),
        timeout: Duration = DialOptions.defaultTimeout,
        configuration: WebSocketConfiguration = WebSocketConfiguration()
    ) {
        self.protocols = protocols
        self.fields = fields
        self.tls = tls
        self.timeout = timeout
        self.configuration = configuration
    }
}
