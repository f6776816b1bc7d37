public import HummingbirdCore

extension HTTPServerBuilder {
    /// A server whose routes can upgrade to WebSocket; see `RouterMethods.webSocket`.
    ///
    ///     let app = Application(router: router, server: .webSocket())
    ///
    /// It speaks HTTP/1.1, and HTTP/2 where the configuration says so. With TLS: `.webSocket(.init(tls: …))`, not
    /// Hummingbird's `.tls(…)`, which knows nothing of HTTP/2's WebSockets, certificates of clients and reloading.
    ///
    /// - Parameter configuration: How connections are treated.
    public static func webSocket(
        _ configuration: WebSocketServerConfiguration = WebSocketServerConfiguration()
    ) -> HTTPServerBuilder {
        .init { responder in WebSocketServerChannel(responder: responder, configuration: configuration) }
    }
}
