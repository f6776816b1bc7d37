import WebSocketCore
import WebSocketDeflate

/// The negotiation of permessage-deflate: arbitrary text as what a client offers, and as what a server answers. The first
/// byte, with the settings, makes the configurations; the rest are the values of fields, one a line.
func checkNegotiation(settings: UInt16, _ input: [UInt8]) {
    let number = Int(settings) << 8 | Int(input.first ?? 0)
    let server = configuration(number)
    let client = configuration(number / 196)
    checkBothEnds(client: client, server: server)
    let lines = String(decoding: input.dropFirst(), as: UTF8.self).split(separator: "\n").map(String.init)
    guard let extensions = WebSocketExtension.parse(lines) else { return }
    checkAnswer(to: extensions, server)
    checkAgreement(on: extensions, client)
}

/// One of 196 configurations.
private func configuration(_ number: Int) -> DeflateConfiguration {
    DeflateConfiguration(
        serverMaxWindowBits: 9 + number / 4 % 7, clientMaxWindowBits: 9 + number / 28 % 7,
        serverContextTakeover: number & 1 == 0, clientContextTakeover: number & 2 == 0)
}

/// The parameters by section 7.1 of RFC 7692, read in another way than the sources do: all of them, or nil where one is
/// unknown, comes twice, or has a value that it must not have. A value of 0 stands for none.
private func parameters(_ found: WebSocketExtension) -> [String: Int]? {
    let values: [String: [String?]] = [
        "server_no_context_takeover": [nil], "client_no_context_takeover": [nil],
        "server_max_window_bits": (8...15).map(String.init),
        "client_max_window_bits": [nil] + (8...15).map(String.init),
    ]
    var result: [String: Int] = [:]
    for parameter in found.parameters {
        guard values[parameter.name]?.contains(parameter.value) == true, result[parameter.name] == nil else {
            return nil
        }
        result[parameter.name] = parameter.value.flatMap { Int($0) } ?? 0
    }
    return result
}

/// Nothing that a peer says makes an agreement beyond its bounds.
private func checkBounds(_ agreement: PerMessageDeflate, _ configuration: DeflateConfiguration, as role: Role) {
    require(
        (8...15).contains(agreement.serverMaxWindowBits) && (8...15).contains(agreement.clientMaxWindowBits),
        "\(agreement)")
    let bits = role == .server ? agreement.serverMaxWindowBits : agreement.clientMaxWindowBits
    let ownBits = role == .server ? configuration.serverMaxWindowBits : configuration.clientMaxWindowBits
    let settings = agreement.compression(as: role, configuration)
    require((settings == nil) == (bits == 8), "\(agreement) compresses with \(String(describing: settings))")
    if let settings { require(settings.windowBits == min(bits, ownBits), "\(agreement) compresses with \(settings)") }
}

/// The answer is to the first offer that can be accepted, and does as it demands.
private func checkAnswer(to offers: [WebSocketExtension], _ configuration: DeflateConfiguration) {
    let accepted = offers.lazy.filter { $0.name == "permessage-deflate" }.compactMap(parameters).first { offer in
        // zlib cannot compress with 2^8, and a client that did not say that it limits its window cannot be told to.
        offer["server_max_window_bits"] != 8
            && (configuration.clientMaxWindowBits == 15 || offer["client_max_window_bits"] != nil)
    }
    let agreement = PerMessageDeflate(answering: offers, configuration: configuration)
    guard let agreement, let accepted else {
        require(agreement == nil && accepted == nil, "\(String(describing: agreement)) to \(offers)")
        return
    }
    let about = "\(agreement.answer) to \(offers), \(configuration)"
    checkBounds(agreement, configuration, as: .server)
    require(WebSocketExtension.parse([WebSocketExtension.serialize([agreement.answer])]) == [agreement.answer], about)
    guard let answer = parameters(agreement.answer) else { return require(false, about) }
    // An answer's limits have values, and one that is not there is 15.
    require(answer.allSatisfy { $0.key.hasSuffix("takeover") == ($0.value == 0) }, about)
    require(answer["server_max_window_bits"] ?? 15 == agreement.serverMaxWindowBits, about)
    require(answer["client_max_window_bits"] ?? 15 == agreement.clientMaxWindowBits, about)
    require((answer["server_no_context_takeover"] != nil) == agreement.serverNoContextTakeover, about)
    require((answer["client_no_context_takeover"] != nil) == agreement.clientNoContextTakeover, about)
    // Demands of the client, then those of the server.
    require(agreement.serverMaxWindowBits <= accepted["server_max_window_bits"] ?? 15, about)
    require(agreement.serverNoContextTakeover || accepted["server_no_context_takeover"] == nil, about)
    require(agreement.serverMaxWindowBits <= configuration.serverMaxWindowBits, about)
    require(agreement.serverNoContextTakeover || configuration.serverContextTakeover, about)
    require(agreement.clientMaxWindowBits <= configuration.clientMaxWindowBits, about)
    require(agreement.clientNoContextTakeover || configuration.clientContextTakeover, about)
    require(answer["client_max_window_bits"] == nil || accepted["client_max_window_bits"] != nil, about)
    require(agreement.clientMaxWindowBits <= accepted["client_max_window_bits"].map { $0 == 0 ? 15 : $0 } ?? 15, about)
}

/// An answer is refused, or keeps to what was offered.
private func checkAgreement(on answers: [WebSocketExtension], _ configuration: DeflateConfiguration) {
    do {
        let agreement = try PerMessageDeflate(agreed: answers, configuration: configuration)
        let chosen = answers.filter { $0.name == "permessage-deflate" }
        guard let agreement else { return require(chosen.isEmpty, "declined by \(answers)") }
        let about = "\(agreement) by \(answers), \(configuration)"
        require(chosen.count == 1 && parameters(chosen[0]) != nil, about)
        require(parameters(chosen[0])?["client_max_window_bits"] != 0, about)
        checkBounds(agreement, configuration, as: .client)
        require(agreement.serverMaxWindowBits <= configuration.serverMaxWindowBits, about)
        require(agreement.serverNoContextTakeover || configuration.serverContextTakeover, about)
        require(agreement.clientNoContextTakeover || configuration.clientContextTakeover, about)
    } catch {
        require(!error.description.isEmpty, "no description")
    }
}

/// A client of these sources and a server of these sources always agree, and on the same.
private func checkBothEnds(client: DeflateConfiguration, server: DeflateConfiguration) {
    let about = "\(client) to \(server)"
    let offer = PerMessageDeflate.offer(client)
    let offers = WebSocketExtension.parse([WebSocketExtension.serialize([offer])])
    require(offers == [offer], about)
    guard let answered = PerMessageDeflate(answering: [offer], configuration: server) else {
        return require(false, "no answer, \(about)")
    }
    checkBounds(answered, server, as: .server)
    do {
        guard let agreed = try PerMessageDeflate(agreed: [answered.answer], configuration: client) else {
            return require(false, "declined, \(about)")
        }
        checkBounds(agreed, client, as: .client)
        require(
            agreed.serverMaxWindowBits == answered.serverMaxWindowBits
                && agreed.clientMaxWindowBits == answered.clientMaxWindowBits, "windows, \(about)")
        require(agreed.serverNoContextTakeover == answered.serverNoContextTakeover, "takeover, \(about)")
        // The client may do without where the server does not ask for it.
        require(
            agreed.clientNoContextTakeover
                == (answered.clientNoContextTakeover || !client.clientContextTakeover), "takeover, \(about)")
        let settings = (answered.compression(as: .server, server), agreed.compression(as: .client, client))
        require(settings.0?.windowBits ?? 16 <= agreed.receivingWindowBits(as: .client), "windows, \(about)")
        require(settings.1?.windowBits ?? 16 <= answered.receivingWindowBits(as: .server), "windows, \(about)")
        require(
            answered.sendsWithoutContext(as: .server) || !agreed.receivesWithoutContext(as: .client),
            "takeover, \(about)")
        require(
            agreed.sendsWithoutContext(as: .client) || !answered.receivesWithoutContext(as: .server),
            "takeover, \(about)")
    } catch {
        require(false, "\(error), \(about)")
    }
}
