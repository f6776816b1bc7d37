public import HTTPTypes

extension ServerHandshake {
    /// The `:protocol` of a request for a WebSocket over HTTP/2.
    package static let connectProtocol = "websocket"

    /// Whether the request asks for a WebSocket over HTTP/2, well or badly: then it is to be answered by ``offer(ofConnect:)``.
    public static func isConnect(_ request: HTTPRequest) -> Bool {
        request.method == .connect && request.extendedConnectProtocol == self.connectProtocol
    }

    /// Checks an extended CONNECT by all rules (RFC 8441, sections 4 and 5; of RFC 6455, section 4.2.1, those that are left).
    ///
    /// There is no key to answer: `Sec-WebSocket-Key` is ignored if it is there.
    ///
    /// - Parameter request: The request, with its pseudo-header fields.
    /// - Throws: ``HandshakeError``, with the status and fields of the refusal.
    public static func offer(ofConnect request: HTTPRequest) throws(HandshakeError) -> Offer {
        let fields = request.headerFields
        guard self.isConnect(request) else {
            throw HandshakeError(.notAConnect)
        }
        guard let scheme = request.scheme, scheme == "https" || scheme == "http" else {
            throw HandshakeError(.scheme)
        }
        // One that says the same is superfluous; one that says something else is an attack on whoever trusts the other
        // (RFC 9113, section 8.3.1).
        guard let authority = request.authority, isHost(authority),
            fields[values: .host].allSatisfy({ $0 == authority })
        else {
            throw HandshakeError(.authority)
        }
        guard let path = request.path, path.first == "/", isTarget(path) else {
            throw HandshakeError(.target)
        }
        if let field = fields.first(where: { self.isConnectionSpecific($0) }) {
            throw HandshakeError(.connectionSpecific(field.name.canonicalName))
        }
        try self.checkVersion(fields)
        return try self.offer(in: fields, key: nil)
    }

    /// Whether the field is about a connection of HTTP/1.1, and so has no place in HTTP/2 (RFC 9113, section 8.2.2).
    package static func isConnectionSpecific(_ field: HTTPField) -> Bool {
        switch field.name.canonicalName {
        case "connection", "upgrade", "keep-alive", "proxy-connection", "transfer-encoding": true
        case "te": field.value != "trailers"
        default: false
        }
    }
}
