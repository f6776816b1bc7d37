package import RealtimeCore

/// What is published over HTTP: the body `{"data":…,"key":…}`, and the field `Idempotency-Key`.
package struct PublishBody: Hashable, Sendable {
    package let data: JSONText
    package let key: MessageKey?
    package let messageID: MessageID?

    /// Reads the body. Members that the protocol does not name are ignored.
    ///
    /// - Parameters:
    ///   - bytes: The body, whole.
    ///   - idempotencyKey: The content of the field, if there is one.
    /// - Throws: ``WireError``, always without an id.
    package static func parse(_ bytes: Span<UInt8>, idempotencyKey: String? = nil) throws(WireError) -> PublishBody {
        let fields = RequestFields(try RequestMembers(bytes), id: nil)
        let data = try fields.data(in: bytes)
        let key = try fields.key(in: bytes)
        do throws(RealtimeError) {
            guard let idempotencyKey else { return PublishBody(data: data, key: key, messageID: nil) }
            return PublishBody(data: data, key: key, messageID: try MessageID(idempotencyKey))
        } catch {
            throw WireError(error)
        }
    }

    /// As the other one, for bytes in an array.
    package static func parse(_ bytes: [UInt8], idempotencyKey: String? = nil) throws(WireError) -> PublishBody {
        try PublishBody.parse(bytes.span, idempotencyKey: idempotencyKey)
    }
}
