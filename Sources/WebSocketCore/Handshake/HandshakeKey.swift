/// The keys of the opening handshake (RFC 6455, sections 4.1 and 4.2.2).
public enum HandshakeKey {
    /// The `Sec-WebSocket-Key` of a nonce.
    ///
    /// - Parameter nonce: 16 random bytes, chosen anew for each connection.
    public static func key(nonce: SIMD16<UInt8>) -> String {
        Base64.encode((0..<16).map { nonce[$0] })
    }

    /// Whether the text is the base64 form of exactly 16 bytes.
    public static func isValid(_ key: String) -> Bool {
        key.utf8.count == 24 && Base64.decode(key)?.count == 16
    }

    /// The `Sec-WebSocket-Accept` that answers a key.
    public static func accept(_ key: String) -> String {
        Base64.encode(SHA1.digest((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8))
    }
}
