import WebSocketCore

/// A WebSocket address, taken apart (RFC 6455, section 3) as the browser's `WebSocket` constructor does by the URL standard.
///
/// http and https stand for ws and wss. Scheme and host become lower case, a default port and an empty path's absence
/// disappear, "." and ".." are resolved, and what may not stand in an address is percent-encoded. A host that is not ASCII is
/// refused: international names are written as punycode (xn--…).
public struct WebSocketURL: Sendable, Hashable {
    private static let schemes: [String: URLParts.Scheme] = [
        "ws": .init(name: "ws", port: 80), "http": .init(name: "ws", port: 80),
        "wss": .init(name: "wss", port: 443), "https": .init(name: "wss", port: 443),
    ]

    private let parts: URLParts

    /// Takes an address apart.
    ///
    /// - Parameter text: An absolute address. Schemes: ws, wss, and http and https for them.
    /// - Throws: ``DialError`` when it is no such address, or has a fragment, be it an empty one.
    public init(_ text: String) throws(DialError) {
        do {
            self.parts = try URLParts(text, schemes: WebSocketURL.schemes)
        } catch {
            throw DialError(.invalidURL(text, error.reason))
        }
        guard self.parts.fragment == nil else {
            throw DialError(.invalidURL(text, "a WebSocket address has no fragment"))
        }
    }

    /// Takes an address apart that may be relative to another one, as in `Location` (RFC 9110, section 10.2.2). A fragment is
    /// left out.
    init(_ text: String, relativeTo base: WebSocketURL) throws(DialError) {
        do {
            var parts = try URLParts(text, base: base.parts, schemes: WebSocketURL.schemes)
            parts.fragment = nil
            self.parts = parts
        } catch {
            throw DialError(.invalidURL(text, error.reason))
        }
    }

    /// Whether the connection is encrypted (wss).
    public var isSecure: Bool { self.parts.scheme == "wss" }

    /// The host: a name in lower case or an address, without brackets.
    public var host: String {
        let host = self.parts.host
        return host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
    }

    /// The port; 80 or 443 where none is given.
    public var port: Int { self.parts.port ?? (self.isSecure ? 443 : 80) }

    /// The path with the query, percent-encoded; at least "/".
    public var path: String { self.parts.path + (self.parts.query.map { "?\($0)" } ?? "") }

    /// The value of Host: the host, and the port where it is not the scheme's default.
    public var authority: String { self.parts.host + (self.parts.port.map { ":\($0)" } ?? "") }

    /// The value of Authorization for the user and password in the address, if any (Basic, RFC 7617).
    public var authorization: String? {
        guard !self.parts.username.isEmpty || !self.parts.password.isEmpty else { return nil }
        return BasicAuthorization.value(
            username: PercentEncoding.decode(self.parts.username.utf8),
            password: PercentEncoding.decode(self.parts.password.utf8))
    }

    /// The whole address as a browser's `url` attribute has it, with user and password if there are any.
    public var href: String {
        let password = self.parts.password.isEmpty ? "" : ":\(self.parts.password)"
        let userinfo = self.parts.username.isEmpty && password.isEmpty ? "" : "\(self.parts.username)\(password)@"
        return "\(self.parts.scheme)://\(userinfo)\(self.authority)\(self.path)"
    }

    /// Scheme, host and port: what credentials are for. Of the standard's origin it differs in the scheme's name (ws).
    var origin: String { "\(self.parts.scheme)://\(self.authority)" }
}

extension WebSocketURL: CustomStringConvertible {
    /// The address without user and password, for messages and logs; ``href`` has them.
    public var description: String { "\(self.parts.scheme)://\(self.authority)\(self.path)" }
}

/// Credentials by the Basic scheme (RFC 7617).
enum BasicAuthorization {
    static func value(username: some Collection<UInt8>, password: some Collection<UInt8>) -> String {
        "Basic \(Base64.encode(Array(username) + [UInt8(ascii: ":")] + Array(password)))"
    }
}
