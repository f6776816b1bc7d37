import NIOCore

/// Reads a PROXY protocol header at the beginning of a connection. What came behind it goes on.
final class ProxyProtocolHandler: FirstBytesHandler {
    /// Adds what comes next, or closes the connection. On the event loop.
    private let decided: (Result<ProxyHeader, ProxyHeader.ParsingError>) -> Void

    init(decided: @escaping (Result<ProxyHeader, ProxyHeader.ParsingError>) -> Void) {
        self.decided = decided
    }

    override func look(at bytes: inout ByteBuffer) -> Verdict {
        do {
            guard let header = try ProxyHeader(from: &bytes) else { return .needsMore }
            self.decided(.success(header))
            return .passOn
        } catch {
            self.decided(.failure(error))
            return .drop
        }
    }
}
