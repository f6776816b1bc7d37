public import HTTPTypes
public import NIOCore
public import WebSocketCore

/// Why a connection did not come about. A browser hides this from a page; here it is told.
public struct DialError: Error, Sendable {
    /// An answer other than 101.
    public struct Refusal: Sendable {
        /// The answer's head.
        public var response: HTTPResponse
        /// The first bytes of its body; at most ``WebSocketClient/maxRefusalBody``.
        public var body: ByteBuffer
    }

    package enum Code: Sendable {
        case invalidURL(String, String)
        case invalidField(String)
        case connect(String)
        case timedOut
        case tls(String)
        case refused(Refusal)
        case handshake(HandshakeError)
        case notHTTP(String)
        case lost
    }

    package let code: Code

    package init(_ code: Code) {
        self.code = code
    }

    /// The server's answer, when that was not 101.
    public var refusal: Refusal? {
        if case .refused(let refusal) = self.code { refusal } else { nil }
    }

    /// The rule of the opening handshake that was broken, when that is what went wrong.
    public var handshakeError: HandshakeError? {
        if case .handshake(let error) = self.code { error } else { nil }
    }

    /// Whether it took too long.
    public var isTimeout: Bool {
        if case .timedOut = self.code { true } else { false }
    }
}

extension DialError: CustomStringConvertible {
    /// One line for people.
    public var description: String {
        switch self.code {
        case .invalidURL(let url, let reason): "\(url) cannot be connected to: \(reason)"
        case .invalidField(let name): "the header field \(name) belongs to the handshake"
        case .connect(let reason): "cannot connect: \(reason)"
        case .timedOut: "cannot connect: it took too long"
        case .tls(let reason): "TLS failed: \(reason)"
        case .refused(let refusal):
            "refused: \(refusal.response.status)\(refusal.firstLine.map { ": \($0)" } ?? "")"
        case .handshake(let error): "the handshake failed: \(error)"
        case .notHTTP(let reason): "the answer is not HTTP: \(reason)"
        case .lost: "the connection was lost during the handshake"
        }
    }
}

extension DialError.Refusal {
    /// The first line of the body, where it is plain text for people.
    var firstLine: String? {
        let line = String(buffer: self.body).prefix { !$0.isNewline }.prefix(200)
        // It is shown on terminals, which obey control characters.
        let shown = line.unicodeScalars.filter { $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) }
        return shown.isEmpty ? nil : String(String.UnicodeScalarView(shown))
    }
}
