public import WebSocketCore

extension PerMessageDeflate {
    /// The server's answer to what a client offers: to the first offer, in the client's order of preference, that the
    /// configuration allows (RFC 7692, sections 5 and 7.1). An offer with a parameter that is unknown, repeated or has a bad
    /// value is passed over.
    ///
    /// - Parameters:
    ///   - offers: All extensions offered.
    ///   - configuration: What this server does.
    /// - Returns: Nil when no offer can be accepted: then the connection goes without compression.
    public init?(answering offers: [WebSocketExtension], configuration: DeflateConfiguration) {
        for offer in offers where offer.name == PerMessageDeflate.name {
            guard let parameters = try? DeflateParameters(offer),
                let agreement = PerMessageDeflate(answering: parameters, configuration)
            else { continue }
            self = agreement
            return
        }
        return nil
    }

    private init?(answering offer: DeflateParameters, _ configuration: DeflateConfiguration) {
        self.init()
        // A parameter of the client's about the server is a demand: to accept the offer is to obey (sections 7.1.1.1 and
        // 7.1.2.1). The server may always bind itself further.
        self.serverNoContextTakeover = offer.serverNoContextTakeover || !configuration.serverContextTakeover
        self.isServerWindowAsked = offer.serverMaxWindowBits != nil
        self.serverMaxWindowBits = Swift.min(offer.serverMaxWindowBits ?? 15, configuration.serverMaxWindowBits)
        // zlib's raw deflate cannot compress with a window of 2^8 (see `compression(as:_:)`), and 9 is more than was offered.
        guard self.serverMaxWindowBits > 8 else { return nil }

        // What the client says about itself is a hint (7.1.1.2, 7.1.2.2). That it could do without its context is no reason
        // to make it: only the configuration is.
        self.clientNoContextTakeover = !configuration.clientContextTakeover
        if offer.clientMaxWindowBits != nil || offer.allowsClientMaxWindowBits {
            // A client that says 8 can do it, and inflating with so small a window is no difficulty. Never 8 if it does not say
            // so: many clients stand on zlib, and cannot.
            self.clientMaxWindowBits = Swift.min(offer.clientMaxWindowBits ?? 15, configuration.clientMaxWindowBits)
        } else if configuration.clientMaxWindowBits < 15 {
            // It would use 15, and must not be told otherwise.
            return nil
        }
    }

    /// The agreement as a server writes it into its answer. Limits that are no limits are left out, unless the client asked.
    public var answer: WebSocketExtension {
        var parameters = DeflateParameters()
        parameters.serverNoContextTakeover = self.serverNoContextTakeover
        parameters.clientNoContextTakeover = self.clientNoContextTakeover
        if self.serverMaxWindowBits < 15 || self.isServerWindowAsked {
            parameters.serverMaxWindowBits = self.serverMaxWindowBits
        }
        parameters.clientMaxWindowBits = self.clientMaxWindowBits < 15 ? self.clientMaxWindowBits : nil
        return parameters.written
    }
}
