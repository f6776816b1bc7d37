import ArgumentParser

/// The ways of docs/protocol.md to read a room.
enum SubscribeTransport: String, ExpressibleByArgument, CaseIterable, Sendable {
    case websocket, streaming, longpolling, polling
}
