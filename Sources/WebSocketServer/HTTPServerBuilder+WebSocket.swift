public import HummingbirdCore

extension HTTPServerBuilder {
    /// An HTTP/1.1 server whose routes can upgrade to WebSocket; see `RouterMethods.webSocket`.
    ///
    ///     let app = Application(router: router, server: .http1WebSocket())
    ///
    /// With TLS: `.tls(.http1WebSocket(), tlsConfiguration: …)`.
    ///
    /// - Parameters:
    ///   - configuration: What Hummingbird's HTTP/1.1 server takes: idle timeout (default
    ///     ``WebSocketHTTP1Channel/defaultIdleTimeout``), limits of header fields, further handlers (which see ordinary
    ///     requests only).
    ///   - handshakeTimeout: How long a new connection may take to send its first request. Default
    ///     ``WebSocketHTTP1Channel/defaultHandshakeTimeout``.
    public static func http1WebSocket(
        configuration: HTTP1Channel.Configuration = .init(idleTimeout: WebSocketHTTP1Channel.defaultIdleTimeout),
        handshakeTimeout: Duration = WebSocketHTTP1Channel.defaultHandshakeTimeout
    ) -> HTTPServerBuilder {
        .init { responder in
            WebSocketHTTP1Channel(
                responder: responder, configuration: configuration, handshakeTimeout: handshakeTimeout)
        }
    }
}
