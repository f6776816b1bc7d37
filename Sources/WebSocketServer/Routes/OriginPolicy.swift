public import HTTPTypes

/// From which pages a WebSocket may be opened. Browsers send `Origin` with each handshake, and let any page try (RFC 6455,
/// section 10.2): without a check, a stranger's page speaks with the cookies of its visitor.
public enum OriginPolicy: Sendable, Hashable {
    /// Only pages of the same host and port, and of the same scheme where that is known; what is not a browser (and sends no
    /// `Origin`) may, too.
    ///
    /// The scheme is known where the server ends TLS itself, or a trusted proxy tells it (`X-Forwarded-Proto`). A server
    /// without TLS may stand behind a proxy that has it, so pages of both schemes may.
    case sameOrigin
    /// Pages of these origins, such as `https://example.com`, and what is not a browser.
    case list([String])
    /// Any page: for what is public, or does not go by cookies.
    case any

    /// Whether the request may go on.
    ///
    /// - Parameter request: The handshake's request, with the scheme and authority that its client used. Without a scheme,
    ///   ``sameOrigin`` takes both.
    public func allows(_ request: HTTPRequest) -> Bool {
        let origins = request.headerFields[values: .origin]
        guard let origin = origins.first else { return true }
        switch self {
        case .any: return true
        case .list(let allowed):
            return origins.count == 1 && allowed.contains { $0.lowercased() == origin.lowercased() }
        case .sameOrigin:
            guard origins.count == 1, let host = request.authority?.lowercased() else { return false }
            let schemes = request.scheme.map { [$0.lowercased()] } ?? ["http", "https"]
            return schemes.contains { origin.lowercased() == "\($0)://\(host)" }
        }
    }
}
