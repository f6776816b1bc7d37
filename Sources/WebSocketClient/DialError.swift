public import HTTPTypes
public import NIOCore
public import WebSocketCore

/// Why a connection did not come about. A browser hides this from a page; here it is told.
public struct DialError: Error, Sendable {
    /// An answer other than 101, or a proxy's other than 2xx.
    public struct Refusal: Sendable {
        /// The answer's head.
        public var response: HTTPResponse
        /// The first bytes of its body; at most ``WebSocketClient/maxRefusalBody``.
        public var body: ByteBuffer
    }

    /// A certificate that is for others than the server that was asked for.
    public struct NameMismatch: Sendable, Hashable {
        /// The name or the address that was asked for.
        public var name: String
        /// The names and addresses that the certificate is for; those that no server has, such as mail addresses, left out.
        public var certificateNames: [String]
    }

    /// What took too long.
    package enum Step: Sendable {
        case connect
        case proxy
        case tls
        case handshake
        case answer
    }

    /// What is wrong with HTTP/2.
    package enum HTTP2Failure: Sendable {
        /// The server chose another protocol, or none.
        case notSpoken
        /// It has no WebSockets over HTTP/2.
        case noWebSockets
        /// As many streams are open as the server allows.
        case tooManyStreams(Int)
        /// The connection is ending, or has ended.
        case leaving(String)
        /// The server reset the stream.
        case reset(String)
        /// The connection failed.
        case failed(String)
    }

    package enum Code: Sendable {
        case invalidURL(String, String)
        case invalidField(String)
        case invalidCookie(String)
        case invalidProxy(String)
        case connect(String)
        case timedOut(Step)
        case proxy(String)
        case proxyRefused(Refusal)
        case tls(String)
        case nameMismatch(NameMismatch)
        case notPinned
        case refused(Refusal)
        case redirect(String)
        case handshake(HandshakeError)
        case notHTTP(String)
        case http2(HTTP2Failure)
        case lost
        case answerLost
    }

    package let code: Code

    /// The address of the attempt that failed, which after a redirect is not the one given; nil when it was none.
    public internal(set) var url: WebSocketURL?
    /// Whether that address came from a redirect.
    var isRedirected = false

    package init(_ code: Code) {
        self.code = code
    }

    /// The server's answer, when that was not 101.
    public var refusal: Refusal? {
        if case .refused(let refusal) = self.code { refusal } else { nil }
    }

    /// The HTTP proxy's answer, when that was not 2xx; 407 asks for a user name and a password.
    public var proxyRefusal: Refusal? {
        if case .proxyRefused(let refusal) = self.code { refusal } else { nil }
    }

    /// Whose certificate it was, when it was another's.
    public var nameMismatch: NameMismatch? {
        if case .nameMismatch(let mismatch) = self.code { mismatch } else { nil }
    }

    /// The rule of the opening handshake that was broken, when that is what went wrong.
    public var handshakeError: HandshakeError? {
        if case .handshake(let error) = self.code { error } else { nil }
    }

    /// Whether the server has no WebSockets over HTTP/2, but may have them over HTTP/1.1.
    public var needsHTTP1: Bool {
        switch self.code {
        case .http2(.notSpoken), .http2(.noWebSockets): true
        default: false
        }
    }

    /// How many streams the server allows on one connection, when all of them are open.
    public var maxStreams: Int? {
        if case .http2(.tooManyStreams(let count)) = self.code { count } else { nil }
    }

    /// Whether it took too long.
    public var isTimeout: Bool {
        if case .timedOut = self.code { true } else { false }
    }

    /// What is wrong with a proxy's address.
    var proxyReason: String? {
        if case .invalidProxy(let reason) = self.code { reason } else { nil }
    }
}

extension DialError {
    /// The text of an address that could not be taken apart, without what may be a password.
    static func withoutPassword(_ text: String) -> String {
        guard let start = text.firstRange(of: "//")?.upperBound else { return text }
        let authority = text[start...].prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        guard let at = authority.lastIndex(of: "@"), let colon = authority[..<at].firstIndex(of: ":") else {
            return text
        }
        return text[...colon] + "…" + text[at...]
    }
}

extension DialError: CustomStringConvertible {
    /// One line for people, without passwords.
    public var description: String {
        let place = self.isRedirected ? self.url.map { " (redirected to \($0))" } ?? "" : ""
        return self.reason + place
    }

    private var reason: String {
        switch self.code {
        case .invalidURL(let url, let reason):
            "\(DialError.withoutPassword(DialError.printable(url))) cannot be connected to: \(reason)"
        case .invalidField(let name): "the header field \(name) belongs to the handshake"
        case .invalidCookie(let name): "the cookie \(name) has a name or a value that no cookie can have"
        case .invalidProxy(let reason): "the proxy cannot be used: \(reason)"
        case .connect(let reason): "cannot connect: \(reason)"
        case .timedOut(.connect): "cannot connect: it took too long"
        case .timedOut(.proxy): "the proxy took too long"
        case .timedOut(.tls): "TLS took too long"
        case .timedOut(.handshake): "the handshake took too long"
        case .timedOut(.answer): "the server said nothing for too long"
        case .proxy(let reason): "the proxy failed: \(reason)"
        case .proxyRefused(let refusal): "the proxy refused: \(refusal)"
        case .tls(let reason): "TLS failed: \(reason)"
        case .nameMismatch(let mismatch): "TLS failed: \(mismatch)"
        case .notPinned: "TLS failed: the server's certificate is none of those that are pinned"
        case .refused(let refusal): "refused: \(refusal)"
        case .redirect(let reason): "not redirected: \(reason)"
        case .handshake(let error): "the handshake failed: \(error)"
        case .notHTTP(let reason): "the answer is not HTTP: \(reason)"
        case .http2(let failure): "\(failure)"
        case .lost: "the connection was lost during the handshake"
        case .answerLost: "the connection was lost before the answer was whole"
        }
    }

    /// How much of a peer's line is shown: 200 characters.
    static let maxLine = 200

    /// A line of a peer's text for people: it is shown on terminals, which obey control characters.
    static func printable(_ text: some StringProtocol) -> String {
        let shown = text.prefix(DialError.maxLine).unicodeScalars.filter {
            $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value)
        }
        return String(String.UnicodeScalarView(shown))
    }
}

extension DialError.NameMismatch: CustomStringConvertible {
    /// How many names of a certificate are shown: 10.
    private static let shown = 10

    /// One line for people.
    public var description: String {
        let names = self.certificateNames.prefix(DialError.NameMismatch.shown).map { DialError.printable($0) }
        let more = self.certificateNames.count - names.count
        let list = names.joined(separator: ", ") + (more > 0 ? " and \(more) more" : "")
        return "the certificate is not for \(self.name), but for \(list.isEmpty ? "no name at all" : list)"
    }
}

extension DialError.Refusal: CustomStringConvertible {
    /// The status and the first line of the body.
    public var description: String {
        "\(self.response.status)\(self.firstLine.map { ": \($0)" } ?? "")"
    }

    /// The first line of the body, where it is plain text for people.
    var firstLine: String? {
        let shown = DialError.printable(String(buffer: self.body).prefix { !$0.isNewline })
        return shown.isEmpty ? nil : shown
    }

    /// Whether no more of the body is kept.
    var isFull: Bool { self.body.readableBytes >= WebSocketClient.maxRefusalBody }

    /// Keeps of the bytes what there is room for, and takes all of them.
    mutating func append(_ bytes: inout ByteBuffer) {
        let room = WebSocketClient.maxRefusalBody - self.body.readableBytes
        if let part = bytes.readSlice(length: min(room, bytes.readableBytes)) { self.body.writeImmutableBuffer(part) }
        bytes.moveReaderIndex(forwardBy: bytes.readableBytes)
    }
}

extension DialError.HTTP2Failure: CustomStringConvertible {
    /// One line for people.
    package var description: String {
        switch self {
        case .notSpoken: "the server does not speak HTTP/2"
        case .noWebSockets:
            "the server speaks HTTP/2, but has no WebSockets over it (it does not set ENABLE_CONNECT_PROTOCOL)"
        case .tooManyStreams(let count): "the server allows \(count) streams on one connection, and all are open"
        case .leaving(let reason): "the connection takes no more WebSockets: \(reason)"
        case .reset(let code): "the server reset the stream: \(code)"
        case .failed(let reason): "HTTP/2 failed: \(reason)"
        }
    }
}
