public import HTTPTypes

/// The server's side of the opening handshake, as functions of the request: over HTTP/1.1 (RFC 6455, section 4.2), and over
/// HTTP/2 (RFC 8441).
public enum ServerHandshake {
    /// The version of HTTP that a request came with; the request's own type leaves it out.
    public struct HTTPVersion: Sendable, Hashable {
        /// The major number.
        public var major: Int
        /// The minor number.
        public var minor: Int

        /// Makes a version.
        public init(major: Int, minor: Int) {
            self.major = major
            self.minor = minor
        }

        /// HTTP/1.1.
        public static let http1_1 = HTTPVersion(major: 1, minor: 1)
    }

    /// A request that is a valid handshake: what the client wants.
    public struct Offer: Sendable, Hashable {
        /// The client's key; nil over HTTP/2, where there is none (RFC 8441, section 5).
        public var key: String?
        /// The subprotocols asked for, in the client's order of preference.
        public var subprotocols: [String]
        /// The extensions offered, in the client's order of preference.
        public var extensions: [WebSocketExtension]

        /// The subprotocol that the server prefers among those asked for; nil when there is none in common, and then
        /// the connection goes on without (section 4.2.2).
        ///
        /// - Parameter supported: What the server speaks, in its order of preference. Names are compared with case.
        public func subprotocol(from supported: [String]) -> String? {
            supported.first { self.subprotocols.contains($0) }
        }

        /// The status of an answer that accepts the request: 101, and over HTTP/2 200.
        public var acceptance: HTTPResponse.Status { self.key == nil ? .ok : .switchingProtocols }

        /// The answer that accepts the request.
        ///
        /// - Parameters:
        ///   - subprotocol: The subprotocol chosen, one of ``subprotocols``.
        ///   - extensions: The extensions chosen.
        public func response(subprotocol: String? = nil, extensions: [WebSocketExtension] = []) -> HTTPResponse {
            var response = HTTPResponse(status: self.acceptance)
            if let key {
                response.headerFields[.upgrade] = "websocket"
                response.headerFields[.connection] = "Upgrade"
                response.headerFields[.secWebSocketAccept] = HandshakeKey.accept(key)
            }
            response.headerFields[.secWebSocketProtocol] = subprotocol
            if !extensions.isEmpty {
                response.headerFields[.secWebSocketExtensions] = WebSocketExtension.serialize(extensions)
            }
            return response
        }
    }

    /// Whether the request asks for a WebSocket at all, well or badly: then it is to be answered by ``offer(of:version:)``.
    public static func isUpgrade(_ request: HTTPRequest) -> Bool {
        request.method == .get && HTTPGrammar.list(request.headerFields[values: .upgrade], contains: "websocket")
    }

    /// Checks a request by all rules of section 4.2.1.
    ///
    /// - Parameters:
    ///   - request: The request, with the (first) Host field as its authority.
    ///   - version: The version of HTTP it came with.
    /// - Throws: ``HandshakeError``, with the status and fields of the refusal.
    public static func offer(of request: HTTPRequest, version: HTTPVersion = .http1_1) throws(HandshakeError) -> Offer {
        let fields = request.headerFields
        guard request.method == .get else {
            throw HandshakeError(.method(request.method.rawValue))
        }
        guard version == .http1_1 else {
            throw HandshakeError(.httpVersion)
        }
        guard let host = request.authority, isHost(host), fields[values: .host].isEmpty else {
            throw HandshakeError(.host)
        }
        guard let path = request.path, isTarget(path) else {
            throw HandshakeError(.target)
        }
        guard HTTPGrammar.list(fields[values: .upgrade], contains: "websocket"),
            HTTPGrammar.list(fields[values: .connection], contains: "upgrade")
        else {
            throw HandshakeError(.notAnUpgrade)
        }
        try self.checkVersion(fields)
        let keys = fields[values: .secWebSocketKey]
        guard keys.count == 1, HandshakeKey.isValid(keys[0]) else {
            throw HandshakeError(.key)
        }
        guard fields[values: .transferEncoding].isEmpty else {
            throw HandshakeError(.body)
        }
        return try self.offer(in: fields, key: keys[0])
    }

    /// The version must be there once (section 4.2.1, item 6).
    static func checkVersion(_ fields: HTTPFields) throws(HandshakeError) {
        let versions = fields[values: .secWebSocketVersion]
        guard versions.count == 1, versions[0] == "13" else {
            throw HandshakeError(.version(versions.first))
        }
    }

    /// What is the same over HTTP/1.1 and HTTP/2: no body, and what is asked for.
    static func offer(in fields: HTTPFields, key: String?) throws(HandshakeError) -> Offer {
        guard fields[values: .contentLength].allSatisfy({ $0 == "0" }) else {
            throw HandshakeError(.body)
        }
        guard let extensions = WebSocketExtension.parse(fields[values: .secWebSocketExtensions]) else {
            throw HandshakeError(.extensionGrammar)
        }
        let subprotocols = HTTPGrammar.list(fields[values: .secWebSocketProtocol])
        guard subprotocols.allSatisfy(HTTPGrammar.isToken), Set(subprotocols).count == subprotocols.count else {
            throw HandshakeError(.subprotocolGrammar)
        }
        return Offer(key: key, subprotocols: subprotocols.map(String.init), extensions: extensions)
    }

    /// Whether the text can be the value of Host: a name or an address, perhaps with a port, and nothing else.
    static func isHost(_ text: String) -> Bool {
        var host = Substring(text).utf8
        if host.first == UInt8(ascii: "[") {
            guard let end = host.firstIndex(of: UInt8(ascii: "]")) else { return false }
            let address = host[host.index(after: host.startIndex)..<end]
            guard address.contains(UInt8(ascii: ":")) else { return false }
            host = host[host.index(after: end)...]
            guard isPort(host) else { return false }
            host = address
        } else {
            let colon = host.firstIndex(of: UInt8(ascii: ":")) ?? host.endIndex
            guard isPort(host[colon...]) else { return false }
            host = host[..<colon]
        }
        return !host.isEmpty
            && host.allSatisfy { byte in
                byte > 0x20 && byte < 0x7F && byte != UInt8(ascii: "@") && byte != UInt8(ascii: "/")
                    && byte != UInt8(ascii: "?") && byte != UInt8(ascii: "#") && byte != UInt8(ascii: ",")
                    && byte != UInt8(ascii: "\\") && byte != UInt8(ascii: "[") && byte != UInt8(ascii: "]")
            }
    }

    /// Whether the bytes are nothing, or a colon and a port (which may be empty, RFC 3986, section 3.2.3).
    private static func isPort(_ bytes: Substring.UTF8View) -> Bool {
        guard let first = bytes.first else { return true }
        let digits = bytes.dropFirst()
        return first == UInt8(ascii: ":") && digits.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
            && (digits.isEmpty || UInt16(Substring(digits)) != nil)
    }

    /// Whether the text can be a request's target: no fragment (RFC 9112, section 3.2), no control, no space.
    static func isTarget(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "#") }
    }
}
