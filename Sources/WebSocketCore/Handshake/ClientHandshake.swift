public import HTTPTypes

/// The client's side of the opening handshake over HTTP/1.1: the request it sends, and the check of the answer (RFC 6455,
/// section 4.1).
public struct ClientHandshake: Sendable, Hashable {
    /// What was agreed on.
    public struct Agreement: Sendable, Hashable {
        /// The subprotocol, or nil.
        public var subprotocol: String?
        /// The extensions.
        public var extensions: [WebSocketExtension]
    }

    /// The key that is sent.
    public let key: String
    /// The subprotocols asked for, in order of preference.
    public let subprotocols: [String]
    /// The extensions offered, in order of preference.
    public let extensions: [WebSocketExtension]

    /// Prepares a handshake.
    ///
    /// - Parameters:
    ///   - nonce: 16 random bytes, chosen anew for each connection.
    ///   - subprotocols: The subprotocols to ask for: tokens, each once.
    ///   - extensions: The extensions to offer.
    /// - Throws: ``HandshakeError`` when a subprotocol is no token or is given twice.
    public init(
        nonce: SIMD16<UInt8>, subprotocols: [String] = [], extensions: [WebSocketExtension] = []
    ) throws(HandshakeError) {
        var seen: Set<String> = []
        for name in subprotocols {
            guard HTTPGrammar.isToken(name) else { throw HandshakeError(.invalidSubprotocol(name)) }
            guard seen.insert(name).inserted else { throw HandshakeError(.repeatedSubprotocol(name)) }
        }
        self.key = HandshakeKey.key(nonce: nonce)
        self.subprotocols = subprotocols
        self.extensions = extensions
    }

    /// The request.
    ///
    /// - Parameters:
    ///   - authority: The value of Host: the host, and the port where it is not the scheme's default.
    ///   - path: The path with the query; at least "/".
    ///   - secure: Whether the scheme is wss.
    ///   - fields: Further fields, such as Origin, Cookie or Authorization; those of the handshake win over them.
    public func request(authority: String, path: String, secure: Bool, fields: HTTPFields = [:]) -> HTTPRequest {
        var request = HTTPRequest(
            method: .get, scheme: secure ? "https" : "http", authority: authority, path: path, headerFields: fields)
        request.headerFields[.upgrade] = "websocket"
        request.headerFields[.connection] = "Upgrade"
        request.headerFields[.secWebSocketKey] = self.key
        request.headerFields[.secWebSocketVersion] = "13"
        request.headerFields[.secWebSocketProtocol] =
            self.subprotocols.isEmpty ? nil : self.subprotocols.joined(separator: ", ")
        request.headerFields[.secWebSocketExtensions] =
            self.extensions.isEmpty ? nil : WebSocketExtension.serialize(self.extensions)
        return request
    }

    /// Checks the answer by all rules of section 4.1.
    ///
    /// - Parameter response: The answer's head.
    /// - Throws: ``HandshakeError`` when the connection must be failed.
    public func agreement(from response: HTTPResponse) throws(HandshakeError) -> Agreement {
        let fields = response.headerFields
        guard response.status.code == 101 else {
            throw HandshakeError(.status(response.status.code))
        }
        let upgrade = HTTPGrammar.list(fields[values: .upgrade])
        guard upgrade.count == 1, HTTPGrammar.matches(upgrade[0], "websocket") else {
            throw HandshakeError(.upgradeField)
        }
        guard HTTPGrammar.list(fields[values: .connection], contains: "upgrade") else {
            throw HandshakeError(.connectionField)
        }
        let accept = fields[values: .secWebSocketAccept]
        guard accept.count == 1, accept[0].utf8.elementsEqual(HandshakeKey.accept(self.key).utf8) else {
            throw HandshakeError(.acceptField)
        }
        let chosen = fields[values: .secWebSocketProtocol]
        if let name = chosen.first {
            // Of tokens only, equal strings have equal bytes.
            guard chosen.count == 1, HTTPGrammar.isToken(name), self.subprotocols.contains(name) else {
                throw HandshakeError(.subprotocolNotRequested(chosen.joined(separator: ", ")))
            }
        }
        guard let extensions = WebSocketExtension.parse(fields[values: .secWebSocketExtensions]) else {
            throw HandshakeError(.extensionGrammar)
        }
        for found in extensions where !self.extensions.contains(where: { $0.name == found.name }) {
            throw HandshakeError(.extensionNotRequested(found.name))
        }
        return Agreement(subprotocol: chosen.first, extensions: extensions)
    }
}
