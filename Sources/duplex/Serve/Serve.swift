import ArgumentParser
import HTTPTypes
import Hummingbird
import NIOCore
import PrometheusMetrics
import Realtime
import ServiceLifecycle
import UnixSignals
import WebSocketServer

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// `duplex serve`: the pages, and what they need.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Serve rooms at /rooms, pages that show them at /, /match, /locations and /ways, and an echo at /echo.",
        discussion: """
            Every setting can be given as a flag, as an environment variable (--tls-cert is DUPLEX_TLS_CERT; lists with commas), \
            or in a JSON file ({"port": 80, "tls": {"cert": "FILE"}}); what stands first here wins. Times are 500ms, 10s, 2m \
            or 1h, sizes are bytes, 64KiB or 16MiB.

            SIGINT and SIGTERM end the command with 0: after --drain-delay it stops listening, tells all WebSockets to go \
            within --drain-window, and cuts what is left 4 seconds later at most. A second one cuts at once. SIGHUP reads the \
            certificates again, and nothing else.
            """)

    @Option(help: ArgumentHelp("A JSON file with settings (DUPLEX_CONFIG).", valueName: "file"))
    var config: String?

    @Flag(help: "Print the settings that apply as JSON, with where each comes from, and exit.")
    var printConfig = false

    @OptionGroup(title: "Listening") var listening: ListenFlags
    @OptionGroup(title: "TLS") var tls: TLSFlags
    @OptionGroup(title: "Who may connect") var access: AccessFlags
    @OptionGroup(title: "Messages") var messages: MessageFlags
    @OptionGroup(title: "Shutdown") var shutdown: ShutdownFlags
    @OptionGroup(title: "Pages") var pages: PageFlags
    @OptionGroup(title: "Observability") var operation: OperationFlags
    @OptionGroup(title: "Compression") var compression: CompressionFlags

    /// The settings that were given as flags.
    var flags: [SettingKey: [String]] {
        let groups: [any SettingFlags] = [
            self.listening, self.tls, self.access, self.messages, self.shutdown, self.pages, self.operation,
            self.compression,
        ]
        return groups.reduce(into: [:]) { flags, group in flags.merge(group.settings) { first, _ in first } }
    }

    func validate() throws {
        for (key, texts) in self.flags.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            guard case .failure(let problem) = key.kind.parse(texts) else { continue }
            throw ValidationError("\(SettingsError.value(key, from: .flag(key.flag), problem))")
        }
    }

    /// All settings.
    ///
    /// - Parameter environment: The environment's variables.
    func settings(environment: [String: String]) throws(SettingsError) -> Settings {
        var file: SettingsFile?
        if let path = self.config ?? environment[SettingsEnvironment.file], !path.isEmpty {
            file = try SettingsFile(path: path)
        }
        return try Settings(from: SettingsReader(flags: self.flags, environment: environment, file: file))
    }

    func run() async throws {
        StandardStreams.ignoreBrokenPipes()
        let environment = ProcessInfo.processInfo.environment
        for warning in SettingsEnvironment.warnings(about: environment) {
            StandardStreams.err("duplex: warning: \(warning)")
        }
        let settings: Settings
        do {
            settings = try self.settings(environment: environment)
        } catch {
            StandardStreams.err("duplex: \(error)")
            // The code for wrong flags, as it is the same mistake.
            throw ExitCode.validationFailure
        }
        if self.printConfig {
            StandardStreams.out(settings.json)
        } else {
            try await settings.serve()
        }
    }
}

extension Settings {
    /// Serves what these settings say, until SIGINT or SIGTERM.
    ///
    /// - Throws: `ExitCode` when it cannot start; the reason was told.
    fileprivate func serve() async throws {
        let logger = Serving.logger(self.logLevel)
        let tls: ServerTLS?
        do {
            tls = try self.tls?.load()
        } catch {
            StandardStreams.err("duplex: \(error)")
            throw ExitCode(1)
        }
        let reloading = CertificateReloading(
            files: self.tls?.files ?? [], interval: self.tls?.reloadInterval ?? .zero,
            hangups: await UnixSignalsSequence(trapping: .sighup), logger: logger
        ) {
            guard let files = self.tls, let tls else { return .distantPast }
            return try files.reload(tls)
        }
        let readiness = Readiness()
        var server = Serving(addresses: self.addresses, threads: self.threads)
        server.scheme = tls == nil ? "http" : "https"
        server.configuration = self.server(tls: tls, openFiles: OpenFiles.raise())
        server.reusePort = self.reusePort
        server.backlog = self.backlog
        server.shutdownDelay = self.drainDelay
        server.shutdownTime = self.shutdownTime
        server.onShutdown = { readiness.obstacle = "the server shuts down" }
        let hub = Rooms.makeHub(self)
        server.companions = [reloading, hub]
        if self.scenes {
            server.companions += try Scenes.services(hub, seed: .random(in: .min ... .max), logger: logger)
        }
        server.logger = logger
        let router = routes(self, hub: hub)
        if self.observability {
            router.health(readiness)
            let registry = PrometheusRegistry(
                help: WebSocketMetrics.help.merging(ProcessMetrics.help) { first, _ in first })
            let metrics = WebSocketMetrics(loops: server.group, factory: registry)
            server.configuration.metrics = metrics
            router.get("/metrics") { _, _ in
                await metrics.collect()
                ProcessMetrics.collect(into: registry)
                return Response(
                    status: .ok,
                    headers: [.contentType: PrometheusRegistry.contentType, .cacheControl: "no-store"],
                    body: ResponseBody(byteBuffer: ByteBuffer(string: registry.text())))
            }
        }
        try await server.run(router)
    }
}
