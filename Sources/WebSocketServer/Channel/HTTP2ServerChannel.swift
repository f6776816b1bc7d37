import HummingbirdCore
import Logging
import NIOCore

struct HTTP2ServerChannel: Sendable {
    struct Value: Sendable {}

    init(responder: @escaping HTTPChannelHandler.Responder, shared: ServerShared) {}
    func add(to channel: any Channel, _ peer: Peer, _ logger: Logger) throws -> Value { Value() }
    func handle(value: Value, logger: Logger) async {}
}
