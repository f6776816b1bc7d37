import WebSocketCore

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A WebSocket address, taken apart (RFC 6455, section 3; the rules of the browser's constructor).
public struct WebSocketURL: Sendable, Hashable {
    /// Whether the connection is encrypted (wss).
    public let isSecure: Bool
    /// The host: a name or an address, without brackets.
    public let host: String
    /// The port; 80 or 443 where none is given.
    public let port: Int
    /// The path with the query, percent-encoded; at least "/".
    public let path: String
    /// The value of Host: the host, and the port where it is not the scheme's default.
    public let authority: String
    /// The value of Authorization for the user and password in the address, if any (Basic, RFC 7617).
    public let authorization: String?

    /// Takes an address apart.
    ///
    /// - Parameter text: An absolute address. Schemes: ws, wss, and http and https for them.
    /// - Throws: ``DialError`` when it is no such address, or has a fragment.
    public init(_ text: String) throws(DialError) {
        guard let url = URL(string: text), let scheme = url.scheme?.lowercased() else {
            throw DialError(.invalidURL(text, "it is not an absolute address"))
        }
        switch scheme {
        case "ws", "http": self.isSecure = false
        case "wss", "https": self.isSecure = true
        default: throw DialError(.invalidURL(text, "its scheme is neither ws nor wss"))
        }
        guard var host = url.host(percentEncoded: true), !host.isEmpty else {
            throw DialError(.invalidURL(text, "it names no host"))
        }
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        guard url.fragment == nil else {
            throw DialError(.invalidURL(text, "a WebSocket address has no fragment"))
        }
        let standard = self.isSecure ? 443 : 80
        self.port = url.port ?? standard
        guard (1...65535).contains(self.port), url.port != nil || !WebSocketURL.namesPort(url) else {
            throw DialError(.invalidURL(text, "its port is out of range"))
        }
        self.host = host
        let bracketed = host.contains(":") ? "[\(host)]" : host
        self.authority = self.port == standard ? bracketed : "\(bracketed):\(self.port)"
        let path = url.path(percentEncoded: true)
        self.path = (path.isEmpty ? "/" : path) + (url.query(percentEncoded: true).map { "?\($0)" } ?? "")
        if let user = url.user(percentEncoded: false) {
            let password = url.password(percentEncoded: false) ?? ""
            self.authorization = "Basic \(Base64.encode("\(user):\(password)".utf8))"
        } else {
            self.authorization = nil
        }
    }

    /// Whether a port is given. Foundation has none where the number is too large for an `Int`.
    private static func namesPort(_ url: URL) -> Bool {
        let authority = url.absoluteString.drop { $0 != "/" }.dropFirst(2).prefix { !"/?#".contains($0) }
        let end = authority.reversed().prefix { $0 != ":" && $0 != "]" && $0 != "@" }
        return !end.isEmpty && authority.dropLast(end.count).last == ":"
    }
}
