import WebSocketCore

/// The parameters of one offer, or of an answer, as they stand there (RFC 7692, section 7.1).
struct DeflateParameters {
    enum Name {
        static let serverNoContextTakeover = "server_no_context_takeover"
        static let clientNoContextTakeover = "client_no_context_takeover"
        static let serverMaxWindowBits = "server_max_window_bits"
        static let clientMaxWindowBits = "client_max_window_bits"
    }

    var serverNoContextTakeover = false
    var clientNoContextTakeover = false
    var serverMaxWindowBits: Int?
    var clientMaxWindowBits: Int?
    /// `client_max_window_bits` without a value: the client lets its window be limited, without saying how far.
    var allowsClientMaxWindowBits = false

    init() {}

    /// Reads the parameters.
    ///
    /// - Throws: The first one that is unknown, given twice, or has a value that it must not have.
    init(_ found: WebSocketExtension) throws(HandshakeError) {
        var seen: Set<String> = []
        for parameter in found.parameters {
            guard seen.insert(parameter.name).inserted, self.take(parameter) else {
                throw HandshakeError(.extensionParameter(WebSocketExtension(found.name, [parameter]).description))
            }
        }
    }

    private mutating func take(_ parameter: WebSocketExtension.Parameter) -> Bool {
        switch (parameter.name, parameter.value) {
        case (Name.serverNoContextTakeover, nil):
            self.serverNoContextTakeover = true
        case (Name.clientNoContextTakeover, nil):
            self.clientNoContextTakeover = true
        case (Name.clientMaxWindowBits, nil):
            self.allowsClientMaxWindowBits = true
        case (Name.serverMaxWindowBits, let value?):
            self.serverMaxWindowBits = DeflateParameters.windowBits(value)
            return self.serverMaxWindowBits != nil
        case (Name.clientMaxWindowBits, let value?):
            self.clientMaxWindowBits = DeflateParameters.windowBits(value)
            return self.clientMaxWindowBits != nil
        default:
            return false
        }
        return true
    }

    /// A decimal number from 8 to 15 without leading zeroes (section 7.1.2.1).
    private static func windowBits(_ text: String) -> Int? {
        switch text {
        case "8": 8
        case "9": 9
        case "10": 10
        case "11": 11
        case "12": 12
        case "13": 13
        case "14": 14
        case "15": 15
        default: nil
        }
    }

    /// The parameters as they are written.
    var written: WebSocketExtension {
        var parameters: [WebSocketExtension.Parameter] = []
        if self.serverNoContextTakeover { parameters.append(.init(Name.serverNoContextTakeover)) }
        if self.clientNoContextTakeover { parameters.append(.init(Name.clientNoContextTakeover)) }
        if let bits = self.serverMaxWindowBits { parameters.append(.init(Name.serverMaxWindowBits, "\(bits)")) }
        if let bits = self.clientMaxWindowBits {
            parameters.append(.init(Name.clientMaxWindowBits, "\(bits)"))
        } else if self.allowsClientMaxWindowBits {
            parameters.append(.init(Name.clientMaxWindowBits))
        }
        return WebSocketExtension(PerMessageDeflate.name, parameters)
    }
}
