import Hummingbird
import Logging
import ServiceLifecycle
import UnixSignals
import WebSocketServer

/// A server that stands behind nginx: plain HTTP on this machine only, and nginx has the certificate. `nginx.conf` beside this file
/// is the other half.
@main
struct NginxExample {
    static func main() async throws {
        let environment = Environment()
        let router = Router()
        let readiness = Readiness()
        // /healthz: restart me if this fails. /readyz: send me nobody new if this fails.
        router.health(readiness)
        router.webSocket("/ws", configuration: .init(keepalive: .init())) { socket, _ in
            // The client's address, as nginx tells it; nil for a Unix socket whose other end tells nothing.
            try await socket.send("you are \(socket.peerAddress?.ipAddress ?? "unknown")")
            for try await message in socket.messages { try await socket.send(message) }
        }

        // Where nginx reaches it: a Unix socket, or a port of this machine.
        let address: ListenAddress =
            environment.get("UNIX_SOCKET").map { .unixSocket(path: $0) }
            ?? .hostname("127.0.0.1", port: environment.get("PORT", as: Int.self) ?? 3000)
        let app = WebSocketApplication(
            router: router, addresses: [address],
            configuration: WebSocketServerConfiguration(
                // Anybody can send X-Forwarded-For. These are nginx, and nobody else; not the network of the clients.
                trustedProxies: [try AddressRange(parsing: "127.0.0.1"), .unix],
                // All are told to go within 5 seconds, not all at once; they come back a second later.
                drain: DrainPolicy(window: .seconds(5), reconnectAfter: .seconds(1))))

        // The last service is shut down first. So: not ready any more, then the delay, then the server drains. Control-C ends it
        // at once.
        let delay = Duration.seconds(environment.get("DRAIN_DELAY", as: Int.self) ?? 5)
        var services = ServiceGroupConfiguration(
            services: [app, ShutdownDelay(readiness, delay)], gracefulShutdownSignals: [.sigterm],
            cancellationSignals: [.sigint], logger: Logger(label: "nginx-example"))
        // What has not ended by itself is cut: the delay, the window, and some seconds for the closing handshakes.
        services.maximumGracefulShutdownDuration = delay + .seconds(5 + 4)
        do {
            try await ServiceGroup(configuration: services).run()
        } catch is CancellationError {
            // What did not end in time was cut.
        }
    }
}

/// Says at a shutdown that the server is not ready, and lets everything else go on until load balancers have noticed.
struct ShutdownDelay: Service {
    private let readiness: Readiness
    private let delay: Duration

    init(_ readiness: Readiness, _ delay: Duration) {
        self.readiness = readiness
        self.delay = delay
    }

    func run() async throws {
        try await gracefulShutdown()
        self.readiness.obstacle = "the server shuts down"
        try await Task.sleep(for: self.delay)
    }
}
