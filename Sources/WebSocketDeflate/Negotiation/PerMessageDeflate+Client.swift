public import WebSocketCore

extension PerMessageDeflate {
    /// What a client with this configuration offers (RFC 7692, section 7.1): its own limits as hints, with leave for the
    /// server to limit it further, and its demands on the server.
    public static func offer(_ configuration: DeflateConfiguration) -> WebSocketExtension {
        var parameters = DeflateParameters()
        parameters.serverNoContextTakeover = !configuration.serverContextTakeover
        parameters.clientNoContextTakeover = !configuration.clientContextTakeover
        if configuration.serverMaxWindowBits < 15 { parameters.serverMaxWindowBits = configuration.serverMaxWindowBits }
        if configuration.clientMaxWindowBits < 15 { parameters.clientMaxWindowBits = configuration.clientMaxWindowBits }
        parameters.allowsClientMaxWindowBits = true
        return parameters.written
    }

    /// Checks the server's answer to ``offer(_:)`` (RFC 7692, sections 5.1 and 7.1).
    ///
    /// - Parameters:
    ///   - extensions: All extensions that the server chose.
    ///   - configuration: What was offered.
    /// - Returns: Nil when the server declined.
    /// - Throws: `HandshakeError` when the answer is none to the offer; then the connection must be failed.
    public init?(
        agreed extensions: [WebSocketExtension], configuration: DeflateConfiguration
    ) throws(HandshakeError) {
        let chosen = extensions.filter { $0.name == PerMessageDeflate.name }
        guard let answer = chosen.first else { return nil }
        guard chosen.count == 1 else { throw HandshakeError(.repeatedExtension(answer.name)) }
        let parameters = try DeflateParameters(answer)
        func refuse(_ name: String) -> HandshakeError {
            let found = answer.parameters.filter { $0.name == name }
            return HandshakeError(.extensionAnswer(name, WebSocketExtension(answer.name, found).description))
        }
        guard configuration.serverContextTakeover || parameters.serverNoContextTakeover else {
            throw refuse(DeflateParameters.Name.serverNoContextTakeover)
        }
        // Where the limit was demanded, the answer must name one that is no larger.
        guard parameters.serverMaxWindowBits ?? 15 <= configuration.serverMaxWindowBits else {
            throw refuse(DeflateParameters.Name.serverMaxWindowBits)
        }
        // In an answer it has a value (section 7.1.2.2), which is no larger than the one offered.
        guard !parameters.allowsClientMaxWindowBits,
            parameters.clientMaxWindowBits ?? 8 <= configuration.clientMaxWindowBits
        else {
            throw refuse(DeflateParameters.Name.clientMaxWindowBits)
        }
        self.init(
            serverNoContextTakeover: parameters.serverNoContextTakeover,
            // Whatever the server allows, this client keeps to what it offered.
            clientNoContextTakeover: parameters.clientNoContextTakeover || !configuration.clientContextTakeover,
            serverMaxWindowBits: parameters.serverMaxWindowBits ?? 15,
            clientMaxWindowBits: parameters.clientMaxWindowBits ?? 15)
    }
}
