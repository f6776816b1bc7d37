import ArgumentParser
import Foundation
import Hummingbird
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import UnixSignals
import WebSocketServer

/// Serves until SIGINT or SIGTERM, says where it listens, and ends within 5 seconds.
///
/// - Parameters:
///   - router: What is served.
///   - scheme: How the address is shown.
///   - host: Where to listen.
///   - port: The port; 0 for a free one.
///   - threads: How many event loops; nil for one for each core that may be used.
/// - Throws: `ExitCode` when it cannot listen; the reason was told.
func serve(
    _ router: Router<BasicRequestContext>, scheme: String, host: String, port: Int, threads: Int? = nil
) async throws {
    let loops = MultiThreadedEventLoopGroup(numberOfThreads: threads ?? Cores.usable)
    var logger = Logger(label: "duplex", factory: { StreamLogHandler.standardError(label: $0) })
    logger.logLevel = .warning
    let app = Application(
        router: router,
        server: .webSocket(),
        configuration: .init(address: .hostname(host, port: port), serverName: "duplex", backlog: 4096),
        onServerRunning: { channel in
            let shown = host.contains(":") ? "[\(host)]" : host
            StandardStreams.out("listening on \(scheme)://\(shown):\(channel.localAddress?.port ?? 0)")
        },
        eventLoopGroupProvider: .shared(loops),
        logger: logger
    )
    var configuration = ServiceGroupConfiguration(
        services: [.init(service: app)], gracefulShutdownSignals: [.sigint, .sigterm], logger: logger)
    configuration.maximumGracefulShutdownDuration = Serve.shutdownTime
    do {
        try await ServiceGroup(configuration: configuration).run()
    } catch let error as IOError {
        StandardStreams.err("duplex: cannot listen on \(host):\(port): \(error.reason)")
        throw ExitCode(1)
    } catch is CancellationError {
        // What did not end in time was cut.
    } catch let error where !(error is ServiceGroupError) {
        StandardStreams.err("duplex: cannot listen on \(host):\(port): \(error)")
        throw ExitCode(1)
    }
}

extension IOError {
    /// What the operating system says, in its words.
    fileprivate var reason: String { String(cString: strerror(self.errnoCode)) }
}
