import ArgumentParser
import Hummingbird
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import UnixSignals
import WebSocketServer

/// A server from its start to SIGINT or SIGTERM: it listens, says where, and ends in time.
struct Serving: Sendable {
    /// What the Server field of answers says.
    static let name = "duplex"

    /// Where it listens.
    var addresses: [ListenAddress]
    /// How an address is shown.
    var scheme = "http"
    /// How connections are treated.
    var configuration = WebSocketServerConfiguration()
    /// Whether each event loop has a listener of its own.
    var reusePort = false
    /// How many connections may wait to be accepted.
    var backlog = Settings.defaultBacklog
    /// The event loops.
    let group: MultiThreadedEventLoopGroup
    /// How long a shutdown lets everything go on before it stops listening.
    var shutdownDelay: Duration = .zero
    /// What a shutdown may take before what is left is cut, with the delay.
    var shutdownTime = Settings.shutdownReserve
    /// Called when a shutdown begins, before the delay.
    var onShutdown: @Sendable () -> Void = {}
    /// What runs beside the server; it is shut down before the server.
    var companions: [any Service] = []
    /// Where is logged.
    var logger = Serving.logger(.warning)

    /// Makes a server.
    ///
    /// - Parameters:
    ///   - addresses: Where it listens.
    ///   - threads: How many event loops; nil for one for each core that may be used.
    init(addresses: [ListenAddress], threads: Int? = nil) {
        self.addresses = addresses
        self.group = MultiThreadedEventLoopGroup(numberOfThreads: threads ?? Cores.usable)
    }

    /// The command's logger, on standard error.
    static func logger(_ level: Logger.Level) -> Logger {
        var logger = Logger(label: "duplex", factory: { StreamLogHandler.standardError(label: $0) })
        logger.logLevel = level
        return logger
    }

    /// Serves until SIGINT or SIGTERM. A second one cuts what is left.
    ///
    /// - Throws: `ExitCode` when it cannot listen; the reason was told.
    func run<Context: RequestContext>(_ router: Router<Context>) async throws
    where Context.Source == ApplicationRequestContextSource {
        let app = WebSocketApplication(
            router: router, addresses: self.addresses, configuration: self.configuration, reusePort: self.reusePort,
            backlog: self.backlog, serverName: Serving.name,
            eventLoopGroup: self.group,
            logger: self.logger,
            onRunning: { channels in
                for line in self.lines(channels.map(\.localAddress)) { StandardStreams.out(line) }
            })
        let start = ShutdownStart(delay: self.shutdownDelay, onBegin: self.onShutdown)
        var configuration = ServiceGroupConfiguration(services: [app] + self.companions + [start], logger: self.logger)
        configuration.maximumGracefulShutdownDuration = self.shutdownTime
        do {
            try await Serving.run(
                ServiceGroup(configuration: configuration), signals: UnixSignalsSequence(trapping: .sigint, .sigterm))
        } catch let error as ListenError {
            StandardStreams.err("duplex: \(error)")
            throw ExitCode(1)
        } catch is CancellationError {
            // What did not end in time was cut.
        } catch is ServiceGroupError {
            // So was that.
        }
    }

    /// Runs services until a signal, and cuts them at a second, or when the signals end.
    static func run(_ services: ServiceGroup, signals: some AsyncSequence<UnixSignal, Never> & Sendable) async throws {
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await services.run() }
            tasks.addTask {
                var hasBegun = false
                for await _ in signals {
                    if hasBegun { return }
                    hasBegun = true
                    await services.triggerGracefulShutdown()
                }
            }
            defer { tasks.cancelAll() }
            try await tasks.next()
        }
    }

    /// A line for each address that is listened on: with a listener for each loop, there are several on one.
    private func lines(_ bound: [SocketAddress?]) -> [String] {
        var (lines, ports) = ([String](), bound.compactMap { $0?.port })
        for address in self.addresses {
            switch address {
            case .hostname(let host, let port):
                let port = port == 0 ? ports.first ?? 0 : port
                ports.removeAll { $0 == port }
                lines.append("listening on \(self.scheme)://\(ListenAddress.hostname(host, port: port))")
            case .unixSocket(let path):
                lines.append("listening on unix:\(path)")
            }
        }
        return lines
    }
}
