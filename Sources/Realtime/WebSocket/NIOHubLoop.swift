import NIOCore
import Synchronization

/// SwiftNIO's event loop as the hub's.
final class NIOHubLoop: HubLoop {
    let eventLoop: any EventLoop

    init(_ eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
    }

    var isCurrent: Bool { self.eventLoop.inEventLoop }

    func execute(_ body: @escaping @Sendable () -> Void) { self.eventLoop.execute(body) }

    /// One for each event loop of a hub's connections: the hub tells loops apart by their identity.
    final class All: Sendable {
        private let loops = Mutex<[ObjectIdentifier: NIOHubLoop]>([:])

        func loop(of eventLoop: any EventLoop) -> NIOHubLoop {
            self.loops.withLock { loops in
                if let found = loops[ObjectIdentifier(eventLoop)] { return found }
                let made = NIOHubLoop(eventLoop)
                loops[ObjectIdentifier(eventLoop)] = made
                return made
            }
        }
    }
}
