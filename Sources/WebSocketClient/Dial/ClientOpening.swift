import HTTPTypes
import WebSocketCore
import WebSocketDeflate
import WebSocketNIO

/// What an opening handshake asks for, checked, over whichever version of HTTP.
struct ClientOpening: Sendable {
    /// The version of HTTP that carries it.
    enum Carrier: Sendable {
        case http1
        case http2
    }

    let handshake: ClientHandshake
    let configuration: WebSocketConfiguration
    let delivery: WebSocketDelivery
    private let target: DialTarget

    init(_ target: DialTarget, _ options: DialOptions, _ delivery: WebSocketDelivery) throws(DialError) {
        self.target = target
        self.configuration = options.configuration
        self.delivery = delivery
        var random = SystemRandomNumberGenerator()
        let nonce = SIMD2<UInt64>(random.next(), random.next())
        do {
            self.handshake = try ClientHandshake(
                nonce: unsafeBitCast(nonce, to: SIMD16<UInt8>.self),
                subprotocols: options.protocols,
                extensions: options.configuration.compression.map { [PerMessageDeflate.offer($0)] } ?? [])
        } catch {
            throw DialError(.handshake(error))
        }
    }

    /// The request.
    func request(_ carrier: Carrier) -> HTTPRequest {
        let url = self.target.url
        return switch carrier {
        case .http1:
            self.handshake.request(
                authority: url.authority, path: url.path, secure: url.isSecure, fields: self.target.fields)
        case .http2:
            self.handshake.connectRequest(
                authority: url.authority, path: url.path, secure: url.isSecure, fields: self.target.fields)
        }
    }

    /// What was agreed on about compression. What was not offered cannot have been chosen: that is checked before.
    func compression(_ agreement: ClientHandshake.Agreement) throws(HandshakeError) -> PerMessageDeflate? {
        guard let configuration = self.configuration.compression else { return nil }
        return try PerMessageDeflate(agreed: agreement.extensions, configuration: configuration)
    }
}
