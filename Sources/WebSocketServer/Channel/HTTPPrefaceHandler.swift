import NIOCore

/// Looks at the first bytes of a connection without TLS: whether the client begins with HTTP/2's preface (RFC 9113, section
/// 3.4, prior knowledge), or with a request of HTTP/1.1. All of them go on.
final class HTTPPrefaceHandler: FirstBytesHandler {
    /// What a client of HTTP/2 begins with.
    static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

    /// Adds the handlers of what the client speaks. On the event loop.
    private let decided: (_ isHTTP2: Bool) -> Void

    init(decided: @escaping (_ isHTTP2: Bool) -> Void) {
        self.decided = decided
    }

    /// Whether the bytes are the preface; nil while that is open.
    static func isPreface(_ bytes: some Collection<UInt8>) -> Bool? {
        if bytes.count >= self.preface.count { return bytes.starts(with: self.preface) }
        return self.preface.starts(with: bytes) ? nil : false
    }

    override func look(at bytes: inout ByteBuffer) -> Verdict {
        guard let isHTTP2 = HTTPPrefaceHandler.isPreface(bytes.readableBytesView) else { return .needsMore }
        self.decided(isHTTP2)
        return .passOn
    }
}
