public import HTTPTypes

/// Why an opening handshake did not come about.
public struct HandshakeError: Error, Hashable, Sendable {
    package enum Code: Hashable, Sendable {
        // what a server refuses (4.2.1)
        case httpVersion
        case method(String)
        case host
        case target
        case notAnUpgrade
        case key
        case version(String?)
        case body
        case extensionGrammar
        case subprotocolGrammar
        // what a server refuses over HTTP/2 (RFC 8441)
        case notAConnect
        case scheme
        case authority
        case connectionSpecific(String)
        // what a client refuses (4.1)
        case status(Int)
        case connectStatus(Int)
        case upgradeField
        case connectionField
        case acceptField
        case subprotocolNotRequested(String)
        case extensionNotRequested(String)
        case repeatedExtension(String)
        case extensionParameter(String)
        case extensionAnswer(String, String)
        // what the caller asked for
        case invalidSubprotocol(String)
        case repeatedSubprotocol(String)
    }

    package let code: Code

    package init(_ code: Code) {
        self.code = code
    }

    /// The status with which a server refuses the request: 405, 426 or 400.
    public var status: HTTPResponse.Status {
        switch self.code {
        case .method: .methodNotAllowed
        case .notAnUpgrade, .version: .upgradeRequired
        default: .badRequest
        }
    }

    /// The fields that the refusal must carry (RFC 6455, section 4.4; RFC 9110, sections 15.5.6 and 15.5.22).
    public var fields: HTTPFields {
        switch self.code {
        case .method: [.allow: "GET"]
        case .notAnUpgrade: [.upgrade: "websocket", .connection: "Upgrade"]
        case .version: [.upgrade: "websocket", .connection: "Upgrade", .secWebSocketVersion: "13"]
        default: [:]
        }
    }
}

extension HandshakeError: CustomStringConvertible {
    /// One line for people.
    public var description: String {
        switch self.code {
        case .httpVersion: "a WebSocket handshake needs HTTP/1.1"
        case .method(let method): "a WebSocket handshake is a GET, not a \(method)"
        case .host: "exactly one Host field with a host is needed"
        case .target: "the request's target has a fragment, or bytes that need escaping"
        case .notAnUpgrade: "this address speaks WebSocket: Upgrade: websocket and Connection: Upgrade are needed"
        case .key: "exactly one Sec-WebSocket-Key is needed, 16 bytes in base64"
        case .version(let version): "Sec-WebSocket-Version must be 13, not \(version ?? "missing")"
        case .body: "a WebSocket handshake has no body"
        case .extensionGrammar: "Sec-WebSocket-Extensions breaks its grammar"
        case .subprotocolGrammar: "Sec-WebSocket-Protocol breaks its grammar"
        case .notAConnect: "this address speaks WebSocket: CONNECT with the :protocol websocket is needed"
        case .scheme: "the :scheme must be https or http"
        case .authority: "an :authority with a host is needed, and a Host field must not say something else"
        case .connectionSpecific(let name): "the field \(name) has no place in HTTP/2, or not with that value"
        case .status(let status): "the server answered with status \(status) instead of 101"
        case .connectStatus(let status): "the server answered with status \(status) instead of 200"
        case .upgradeField: "the answer's Upgrade field is not websocket"
        case .connectionField: "the answer's Connection field lacks Upgrade"
        case .acceptField: "the answer's Sec-WebSocket-Accept does not fit the key"
        case .subprotocolNotRequested(let name): "the server chose the subprotocol \"\(name)\", which was not asked for"
        case .extensionNotRequested(let name): "the server chose the extension \"\(name)\", which was not offered"
        case .repeatedExtension(let name): "the server chose the extension \"\(name)\" twice"
        case .extensionParameter(let text): "\"\(text)\" has a parameter that is unknown, repeated or has a bad value"
        case .extensionAnswer(let name, let text):
            "the server's answer \"\(text)\" does not fit what was offered for \(name)"
        case .invalidSubprotocol(let name): "\"\(name)\" cannot be the name of a subprotocol"
        case .repeatedSubprotocol(let name): "the subprotocol \"\(name)\" is given twice"
        }
    }
}
