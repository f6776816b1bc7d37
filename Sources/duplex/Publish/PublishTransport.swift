import ArgumentParser

/// The ways to publish: over a WebSocket, or by a request over HTTP. The ways that only read publish over HTTP, so that their names mean
/// that here.
enum PublishTransport: String, ExpressibleByArgument, CaseIterable, Sendable {
    case websocket, http, streaming, longpolling, polling

    var isHTTP: Bool { self != .websocket }
}
