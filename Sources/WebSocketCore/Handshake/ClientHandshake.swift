public import HTTPTypes

/// The client's side of the opening handshake: the request it sends, and the check of the answer, over HTTP/1.1 (RFC 6455,
/// section 4.1) and over HTTP/2 (RFC 8441).
public struct ClientHandshake: Sendable, Hashable {
    /// What was agreed on.
    public struct Agreement: Sendable, Hashable {
        /// The subprotocol, or nil.
        public var subprotocol: String?
        /// The extensions.
        public var extensions: [WebSocketExtension]
    }

    /// The key that is sent; not over HTTP/2.
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

    /// The request over HTTP/1.1.
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
        self.addOffer(to: &request.headerFields)
        return request
    }

    /// The request over HTTP/2: an extended CONNECT (RFC 8441, section 5).
    ///
    /// - Parameters:
    ///   - authority: The host, and the port where it is not the scheme's default.
    ///   - path: The path with the query; at least "/".
    ///   - secure: Whether the scheme is wss.
    ///   - fields: Further fields, such as Origin, Cookie or Authorization; those of the handshake win over them.
    public func connectRequest(
        authority: String, path: String, secure: Bool, fields: HTTPFields = [:]
    ) -> HTTPRequest {
        var request = HTTPRequest(
            method: .connect, scheme: secure ? "https" : "http", authority: authority, path: path, headerFields: fields)
        request.extendedConnectProtocol = ServerHandshake.connectProtocol
        request.headerFields[.secWebSocketKey] = nil
        self.addOffer(to: &request.headerFields)
        return request
    }

    private func addOffer(to fields: inout HTTPFields) {
        fields[.secWebSocketVersion] = "13"
        fields[.secWebSocketProtocol] = self.subprotocols.isEmpty ? nil : self.subprotocols.joined(separator: ", ")
        fields[.secWebSocketExtensions] = self.extensions.isEmpty ? nil : WebSocketExtension.serialize(self.extensions)
    }

    /// Checks the answer over HTTP/1.1 by all rules of section 4.1.
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
        return try self.agreement(in: fields)
    }

    /// Checks the answer over HTTP/2 (RFC 8441, section 5): 200, which has neither Upgrade nor Sec-WebSocket-Accept, and the same
    /// rules for what was chosen.
    ///
    /// - Parameter response: The answer's head.
    /// - Throws: ``HandshakeError`` when the connection must be failed.
    public func agreement(fromConnect response: HTTPResponse) throws(HandshakeError) -> Agreement {
        guard response.status.code == 200 else {
            throw HandshakeError(.connectStatus(response.status.code))
        }
        return try self.agreement(in: response.headerFields)
    }

    /// What the server chose, which must have been asked for.
    private func agreement(in fields: HTTPFields) throws(HandshakeError) -> Agreement {
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
