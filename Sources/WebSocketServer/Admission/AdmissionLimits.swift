#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// How many connections, handshakes and WebSockets a server lets in. A connection beyond is closed at once, before it costs
/// anything; a handshake beyond is answered with 503, and with 429 where its own address has too many.
public struct AdmissionLimits: Sendable {
    /// The default of ``maxConnectionsPerAddress``: 1,024, more than an office behind one address has.
    public static let defaultMaxConnectionsPerAddress = 1024
    /// The default of ``maxWebSocketsPerAddress``: 1,024, as for connections.
    public static let defaultMaxWebSocketsPerAddress = 1024
    /// The default of ``exemptAddresses``: this machine, by IP and by Unix sockets, since proxies are there.
    public static let defaultExemptAddresses = AddressRange.loopback + [.unix]
    /// The default of ``handshakesPerSecond``: 10,000, about what a core can do.
    public static let defaultHandshakesPerSecond = 10_000
    /// How many descriptors ``descriptors`` leaves for other things: 128.
    public static let reservedDescriptors = 128

    /// How many connections there may be, those that are still shaking hands included. Default: ``descriptors``.
    public var maxConnections: Int
    /// How many there may be from one address; of IPv6, from one /64, which one customer has. Nil for as many as there may be
    /// at all. The address is the one that connects, or the one that its PROXY protocol header tells. Default
    /// ``defaultMaxConnectionsPerAddress``.
    public var maxConnectionsPerAddress: Int?
    /// How many WebSockets there may be from one address, of which a connection of HTTP/2 carries many, those that are still being
    /// decided included. Nil for any number. The address is the client's, also where a trusted proxy tells it in a header
    /// field. Default ``defaultMaxWebSocketsPerAddress``.
    public var maxWebSocketsPerAddress: Int?
    /// For which addresses neither holds: proxies, which speak for many. The server's trusted proxies are always exempt. Default
    /// ``defaultExemptAddresses``.
    public var exemptAddresses: [AddressRange]
    /// How many handshakes there may be in a second; twice as many at once. Nil for any number. Default
    /// ``defaultHandshakesPerSecond``.
    public var handshakesPerSecond: Int?

    /// Makes a set of limits.
    ///
    /// - Parameters:
    ///   - maxConnections: How many connections there may be.
    ///   - maxConnectionsPerAddress: How many from one address.
    ///   - maxWebSocketsPerAddress: How many WebSockets from one address.
    ///   - exemptAddresses: From which addresses as many as there may be at all.
    ///   - handshakesPerSecond: How many handshakes in a second.
    public init(
        maxConnections: Int = AdmissionLimits.descriptors,
        maxConnectionsPerAddress: Int? = AdmissionLimits.defaultMaxConnectionsPerAddress,
        maxWebSocketsPerAddress: Int? = AdmissionLimits.defaultMaxWebSocketsPerAddress,
        exemptAddresses: [AddressRange] = AdmissionLimits.defaultExemptAddresses,
        handshakesPerSecond: Int? = AdmissionLimits.defaultHandshakesPerSecond
    ) {
        precondition(maxConnections > 0 && maxConnectionsPerAddress ?? 1 > 0)
        precondition(maxWebSocketsPerAddress ?? 1 > 0 && handshakesPerSecond ?? 1 > 0)
        self.maxConnections = maxConnections
        self.maxConnectionsPerAddress = maxConnectionsPerAddress
        self.maxWebSocketsPerAddress = maxWebSocketsPerAddress
        self.exemptAddresses = exemptAddresses
        self.handshakesPerSecond = handshakesPerSecond
    }

    /// As many as there may be descriptors in this process (the soft limit), less ``reservedDescriptors``; at least one.
    public static var descriptors: Int {
        var limit = rlimit()
        #if canImport(Darwin) || canImport(Musl)
        let resource = RLIMIT_NOFILE
        #else
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        #endif
        guard getrlimit(resource, &limit) == 0 else { return 1024 - reservedDescriptors }
        return Swift.max(Int(clamping: limit.rlim_cur) - reservedDescriptors, 1)
    }
}
