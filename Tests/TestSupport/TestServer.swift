package import Hummingbird
package import HummingbirdCore
import Logging
import NIOCore
import ServiceLifecycle
import WebSocketServer

/// A server that runs in a test.
package struct TestServer: Sendable {
    package struct DidNotStart: Error {
        package init() {}
    }

    package let port: Int
    private let services: ServiceGroup

    /// An address on it.
    package func url(_ path: String) -> String { "ws://127.0.0.1:\(self.port)\(path)" }

    /// Begins to shut down.
    package func shutDown() async {
        await self.services.triggerGracefulShutdown()
    }

    /// Runs a server with these routes on a free port for as long as the closure runs, and shuts it down.
    package static func with<T: Sendable, Context: RequestContext>(
        _ router: Router<Context>, server: HTTPServerBuilder = .webSocket(), serverName: String? = nil,
        _ body: (TestServer) async throws -> T
    ) async throws -> T where Context.Source == ApplicationRequestContextSource {
        let ports = Mailbox<Int?>()
        let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        let application = Application(
            router: router, server: server,
            configuration: .init(address: .hostname("127.0.0.1", port: 0), serverName: serverName),
            onServerRunning: { ports.post($0.localAddress?.port) },
            logger: logger)
        let services = ServiceGroup(configuration: .init(services: [application], logger: logger))
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer { ports.post(nil) }
                try await services.run()
            }
            guard let port = await ports.next() ?? nil else { throw DidNotStart() }
            let result: T
            do {
                result = try await body(TestServer(port: port, services: services))
            } catch {
                await services.triggerGracefulShutdown()
                try? await group.waitForAll()
                throw error
            }
            await services.triggerGracefulShutdown()
            try await group.waitForAll()
            return result
        }
    }
}
