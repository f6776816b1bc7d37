import WebSocketCore

extension CloseFrame {
    /// A Close frame with a code that is known to be allowed; otherwise empty, which no test takes for one.
    static func code(_ code: CloseCode, _ reason: String = "") -> CloseFrame {
        (try? CloseFrame(code: code, reason: reason)) ?? .empty
    }

    /// Parses a payload.
    static func parse(_ payload: [UInt8]) throws(ProtocolError) -> CloseFrame {
        let result: Result<CloseFrame, ProtocolError> = payload.withUnsafeBytes { bytes in
            do throws(ProtocolError) {
                return .success(try CloseFrame(parsing: bytes))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }
}
