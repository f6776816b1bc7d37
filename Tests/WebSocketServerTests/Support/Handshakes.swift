/// The RFC's own handshake (section 1.2), and variations of it.
enum Handshake {
    static let host = "Host: server.example.com"
    static let upgrade = "Upgrade: websocket"
    static let connection = "Connection: Upgrade"
    static let key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
    static let version = "Sec-WebSocket-Version: 13"
    static let accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

    /// A request.
    ///
    /// - Parameters:
    ///   - path: The path.
    ///   - line: The request line without the path's place: method and version.
    ///   - without: Lines of the RFC's request that are left out.
    ///   - fields: Further lines.
    static func request(
        _ path: String = "/echo", method: String = "GET", version: String = "HTTP/1.1", without: [String] = [],
        _ fields: String...
    ) -> String {
        let lines = [self.host, self.upgrade, self.connection, self.key, self.version].filter { !without.contains($0) }
        return (["\(method) \(path) \(version)"] + lines + fields + ["", ""]).joined(separator: "\r\n")
    }

    /// An ordinary request.
    static func get(_ path: String, _ fields: String...) -> String {
        (["GET \(path) HTTP/1.1", self.host] + fields + ["", ""]).joined(separator: "\r\n")
    }
}

/// Frames of less than 126 bytes.
enum Frame {
    /// Text as a client sends it, masked with zeros.
    static func masked(_ text: String) -> [UInt8] {
        [0x81, 0x80 | UInt8(text.utf8.count), 0, 0, 0, 0] + Array(text.utf8)
    }

    /// Text as a server sends it.
    static func text(_ text: String) -> [UInt8] {
        [0x81, UInt8(text.utf8.count)] + Array(text.utf8)
    }

    /// A Close frame as a client sends it, masked with zeros.
    static func maskedClose(_ code: UInt16) -> [UInt8] {
        [0x88, 0x82, 0, 0, 0, 0, UInt8(code >> 8), UInt8(code & 0xFF)]
    }

    /// A Close frame as a server sends it.
    static func close(_ code: UInt16, _ reason: String = "") -> [UInt8] {
        [0x88, 2 + UInt8(reason.utf8.count), UInt8(code >> 8), UInt8(code & 0xFF)] + Array(reason.utf8)
    }
}
