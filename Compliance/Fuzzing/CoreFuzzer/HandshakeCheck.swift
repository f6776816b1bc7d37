import HTTPTypes
import WebSocketCore

/// The opening handshake and its grammars: nothing crashes, what is accepted can be written and read again, and a refusal
/// is one that is documented. The input's lines are the values of fields.
func checkHandshake(settings: UInt16, _ input: [UInt8]) {
    checkBytes(input)
    checkText(String(decoding: input, as: UTF8.self))
    let lines = input.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map(Array.init)
    checkServer(settings: settings, lines)
    checkClient(settings: settings, lines)
}

private func checkBytes(_ bytes: [UInt8]) {
    require(Base64.decode(Base64.encode(bytes)) == bytes, "base64 of \(bytes)")
    require(SHA1.digest(bytes).count == 20, "SHA-1 of \(bytes)")
    bytes.withUnsafeBytes { region in
        let isText = String(validating: bytes, as: UTF8.self) != nil
        require(UTF8Validator.isValid(region) == isText, "UTF-8 of \(bytes)")
        guard region.count <= FrameHeader.maxControlPayload, let frame = try? CloseFrame(parsing: region) else {
            return
        }
        require(frame.encoded(maskingKey: nil)[2...].elementsEqual(bytes), "close payload \(bytes)")
    }
}

private func checkText(_ text: String) {
    if let decoded = Base64.decode(text) {
        require(Base64.encode(decoded) == text, "base64 \(text)")
    }
    require(HandshakeKey.isValid(text) == (Base64.decode(text)?.count == 16), "key \(text)")
    for member in HTTPGrammar.list([text]) {
        let bytes = Array(member.utf8)
        require(!bytes.isEmpty && !bytes.contains(UInt8(ascii: ",")), "list \(text)")
        require(![0x20, 0x09].contains(bytes[0]) && ![0x20, 0x09].contains(bytes[bytes.count - 1]), "list \(text)")
    }
    if let found = WebSocketExtension.parse([text]) {
        let names = found.flatMap { [$0.name] + $0.parameters.map(\.name) + $0.parameters.compactMap(\.value) }
        require(names.allSatisfy(HTTPGrammar.isToken), "extensions \(text)")
        require(WebSocketExtension.parse([WebSocketExtension.serialize(found)]) == found, "extensions \(text)")
    }
}

private let key = "dGhlIHNhbXBsZSBub25jZQ=="

/// A name for each line: the settings say which field a line replaces, so that the others pass.
private func fields(settings: UInt16, _ lines: [[UInt8]], _ all: [(HTTPField.Name, String)]) -> HTTPFields {
    var fields = HTTPFields()
    for (index, (name, value)) in all.enumerated() where settings & 1 << UInt16(index) == 0 {
        fields.append(HTTPField(name: name, value: value))
    }
    let replaced = all.indices.filter { settings & 1 << UInt16($0) != 0 }
    guard !replaced.isEmpty else { return fields }
    for (index, line) in lines.enumerated() {
        fields.append(HTTPField(name: all[replaced[index % replaced.count]].0, value: line))
    }
    return fields
}

private func checkServer(settings: UInt16, _ lines: [[UInt8]]) {
    var request = HTTPRequest(method: .get, scheme: "http", authority: "a", path: "/")
    request.headerFields = fields(
        settings: settings, lines,
        [
            (.upgrade, "websocket"), (.connection, "Upgrade"), (.secWebSocketVersion, "13"), (.secWebSocketKey, key),
            (.secWebSocketProtocol, "chat"), (.secWebSocketExtensions, "x"), (.contentLength, "0"),
        ])
    if settings & 0x80 != 0 { request.authority = String(decoding: lines[0], as: UTF8.self) }
    do {
        let offer = try ServerHandshake.offer(of: request)
        require(ServerHandshake.isUpgrade(request), "an offer without an upgrade: \(request)")
        require(HandshakeKey.isValid(offer.key), "key \(offer.key)")
        require(offer.subprotocols.allSatisfy(HTTPGrammar.isToken), "subprotocols \(offer.subprotocols)")
        let response = offer.response(subprotocol: offer.subprotocols.first, extensions: offer.extensions)
        require(response.status.code == 101, "status \(response.status)")
    } catch {
        require([400, 426].contains(error.status.code), "status \(error.status)")
        require(error.status.code != 426 || error.fields[.upgrade] == "websocket", "fields \(error.fields)")
        require(!error.description.isEmpty, "no description")
    }
}

private func checkClient(settings: UInt16, _ lines: [[UInt8]]) {
    var response = HTTPResponse(status: .switchingProtocols)
    response.headerFields = fields(
        settings: settings, lines,
        [
            (.upgrade, "websocket"), (.connection, "Upgrade"), (.secWebSocketAccept, HandshakeKey.accept(key)),
            (.secWebSocketProtocol, "chat"), (.secWebSocketExtensions, "x; y=1"),
        ])
    do {
        let client = try ClientHandshake(
            nonce: SIMD16(Array("the sample nonce".utf8)), subprotocols: ["chat", "K"], extensions: [.init("x")])
        let agreement = try client.agreement(from: response)
        require(agreement.subprotocol.map { ["chat", "K"].contains($0) } ?? true, "subprotocol \(agreement)")
        require(agreement.extensions.allSatisfy { $0.name == "x" }, "extensions \(agreement)")
    } catch {
        switch error.code {
        case .upgradeField, .connectionField, .acceptField, .subprotocolNotRequested, .extensionGrammar,
            .extensionNotRequested:
            break
        default: require(false, "\(error)")
        }
    }
}
