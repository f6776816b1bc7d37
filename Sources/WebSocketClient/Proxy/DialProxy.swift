/// What a client connects through (RFC 6455, section 4.1: an HTTP proxy is asked by CONNECT for ws, too).
public struct DialProxy: Sendable, Hashable {
    enum Kind: Sendable, Hashable {
        case none
        case environment
        case server(Server)
    }

    /// One proxy.
    struct Server: Sendable, Hashable {
        enum Scheme: String, Sendable, Hashable {
            case http
            case socks5
        }

        var scheme: Scheme
        var host: String
        var port: Int
        var username: String?
        var password: String?
    }

    let kind: Kind

    /// No proxy.
    public static let none = DialProxy(kind: .none)

    /// What the environment says, for each address that is connected to.
    ///
    /// For ws `http_proxy` (in lower case only: a CGI program's `HTTP_PROXY` is a request's field), for wss `https_proxy` or
    /// `HTTPS_PROXY`; else `all_proxy` or `ALL_PROXY`; each as ``init(_:)`` takes it. Not for localhost and loopback
    /// addresses, and not for what `no_proxy` or `NO_PROXY` lists: hosts with all names below them (a dot in front makes no
    /// difference), addresses, blocks of addresses as 10.0.0.0/8, each with a port if only that is meant, or `*` for all.
    public static let environment = DialProxy(kind: .environment)

    /// An HTTP proxy, asked by CONNECT (RFC 9110, section 9.3.6). The connection to it is not encrypted.
    ///
    /// - Parameters:
    ///   - host: Its name or address.
    ///   - port: Its port.
    ///   - username: The user's name for it (Basic), which has no colon.
    ///   - password: The user's password for it.
    public static func http(host: String, port: Int, username: String? = nil, password: String? = nil) -> DialProxy {
        DialProxy(
            kind: .server(Server(scheme: .http, host: host, port: port, username: username, password: password)))
    }

    /// A SOCKS proxy, version 5 (RFC 1928). It is the proxy that resolves the server's name.
    ///
    /// - Parameters:
    ///   - host: Its name or address.
    ///   - port: Its port. Default: 1080.
    ///   - username: The user's name for it (RFC 1929): 1 to 255 bytes.
    ///   - password: The user's password for it: 1 to 255 bytes.
    public static func socks5(
        host: String, port: Int = 1080, username: String? = nil, password: String? = nil
    ) -> DialProxy {
        DialProxy(
            kind: .server(Server(scheme: .socks5, host: host, port: port, username: username, password: password)))
    }
}

extension DialProxy {
    private static let schemes: [String: URLParts.Scheme] = [
        "http": .init(name: "http", port: 80), "socks5": .init(name: "socks5", port: 1080),
        "socks5h": .init(name: "socks5", port: 1080), "socks": .init(name: "socks5", port: 1080),
    ]

    /// A proxy by its address: http://[USER:PASSWORD@]HOST[:PORT], or socks5:// (or socks5h://, which is the same here). User
    /// and password are percent-encoded. Without a scheme it is an HTTP proxy. Default ports: 80 and 1080.
    ///
    /// - Parameter url: The address.
    /// - Throws: ``DialError`` when it is no such address.
    public init(_ url: String) throws(DialError) {
        do {
            let parts = try URLParts(url.contains("://") ? url : "http://\(url)", schemes: DialProxy.schemes)
            guard let scheme = Server.Scheme(rawValue: parts.scheme) else { preconditionFailure("not in the table") }
            let host = parts.host.hasPrefix("[") ? String(parts.host.dropFirst().dropLast()) : parts.host
            func decoded(_ text: String) -> String {
                String(decoding: PercentEncoding.decode(text.utf8), as: UTF8.self)
            }
            let isAnonymous = parts.username.isEmpty && parts.password.isEmpty
            self.kind = .server(
                Server(
                    scheme: scheme, host: host, port: parts.port ?? (scheme == .http ? 80 : 1080),
                    username: isAnonymous ? nil : decoded(parts.username),
                    password: isAnonymous ? nil : decoded(parts.password)))
        } catch {
            throw DialError(.invalidProxy(error.reason))
        }
    }

    /// The proxy for an address; nil for none. Of the environment, only what is asked for here is looked at.
    func server(for url: WebSocketURL, environment: () -> [String: String]) throws(DialError) -> Server? {
        switch self.kind {
        case .none: nil
        case .server(let server): server
        case .environment: try ProxyEnvironment(environment()).server(for: url)
        }
    }
}

extension DialProxy: CustomStringConvertible {
    /// The proxy without user and password, for messages and logs.
    public var description: String {
        switch self.kind {
        case .none: "none"
        case .environment: "environment"
        case .server(let server): "\(server)"
        }
    }
}

extension DialProxy.Server: CustomStringConvertible {
    var description: String {
        let host = self.host.contains(":") ? "[\(self.host)]" : self.host
        return "\(self.scheme.rawValue)://\(host):\(self.port)"
    }
}
