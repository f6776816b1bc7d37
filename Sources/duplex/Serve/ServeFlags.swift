import ArgumentParser

/// Flags that are settings. They are taken as texts: what they mean is decided in one place for all sources.
protocol SettingFlags {
    /// What was given.
    var settings: [SettingKey: [String]] { get }
}

extension SettingKey {
    /// The flag's name.
    fileprivate var name: NameSpecification { .customLong(self.flag) }

    /// What `--help` says: the text, and the default where there is one.
    fileprivate func help(_ text: String, _ valueName: String) -> ArgumentHelp {
        ArgumentHelp("\(text)\(self.standard.map { " (default: \($0))" } ?? "")", valueName: valueName)
    }
}

/// The flags under "Listening".
struct ListenFlags: ParsableArguments, SettingFlags {
    @Option(
        name: SettingKey.host.name,
        help: SettingKey.host.help("The address to listen on; 0.0.0.0 or :: for all.", "address"))
    var host: String?

    @Option(name: SettingKey.port.name, help: SettingKey.port.help("The port to listen on; 0 for a free one.", "port"))
    var port: String?

    @Option(
        name: SettingKey.unixSocket.name,
        help: SettingKey.unixSocket.help(
            "A Unix socket to listen on; repeatable. Then a port is listened on only with --host or --port.", "path"))
    var unixSocket: [String] = []

    @Flag(
        name: SettingKey.reusePort.name, inversion: .prefixedNo,
        help:
            "Whether each event loop has a listener of its own, beside which other processes can listen on the same port (default: no)."
    )
    var reusePort: Bool?

    @Option(
        name: SettingKey.threads.name,
        help: SettingKey.threads.help("How many event loops (default: one for each core that may be used).", "count"))
    var threads: String?

    @Option(
        name: SettingKey.backlog.name,
        help: SettingKey.backlog.help("How many connections may wait to be accepted.", "count"))
    var backlog: String?

    var settings: [SettingKey: [String]] {
        given([
            (.host, texts(self.host)),
            (.port, texts(self.port)),
            (.unixSocket, self.unixSocket),
            (.reusePort, self.reusePort.map { [$0 ? "on" : "off"] } ?? []),
            (.threads, texts(self.threads)),
            (.backlog, texts(self.backlog)),
        ])
    }
}

/// The flags under "TLS".
struct TLSFlags: ParsableArguments, SettingFlags {
    @Option(
        name: SettingKey.tlsCert.name,
        help: SettingKey.tlsCert.help("The certificate, and behind it those that lead to a root, as PEM.", "file"))
    var tlsCert: String?

    @Option(
        name: SettingKey.tlsKey.name,
        help: SettingKey.tlsKey.help("Its private key, as PEM, without a passphrase.", "file"))
    var tlsKey: String?

    @Option(
        name: SettingKey.tlsClientCA.name,
        help: SettingKey.tlsClientCA.help("Who may sign the certificates of clients, as PEM.", "file"))
    var tlsClientCA: String?

    @Option(
        name: SettingKey.tlsClientCertificates.name,
        help: SettingKey.tlsClientCertificates.help(
            "Whether clients have to show a certificate: none, optional, required.", "mode"))
    var tlsClientCertificates: String?

    @Option(
        name: SettingKey.tlsReloadInterval.name,
        help: SettingKey.tlsReloadInterval.help("How often the files are looked at for new ones; 0 for never.", "time"))
    var tlsReloadInterval: String?

    @Option(
        name: SettingKey.http2.name,
        help: SettingKey.http2.help("Where HTTP/2 is spoken: off, tls, everywhere.", "mode"))
    var http2: String?

    var settings: [SettingKey: [String]] {
        given([
            (.tlsCert, texts(self.tlsCert)),
            (.tlsKey, texts(self.tlsKey)),
            (.tlsClientCA, texts(self.tlsClientCA)),
            (.tlsClientCertificates, texts(self.tlsClientCertificates)),
            (.tlsReloadInterval, texts(self.tlsReloadInterval)),
            (.http2, texts(self.http2)),
        ])
    }
}

/// The flags under "Who may connect".
struct AccessFlags: ParsableArguments, SettingFlags {
    @Option(
        name: SettingKey.allowOrigin.name,
        help: SettingKey.allowOrigin.help(
            "Pages of which origin may open WebSockets and use the rooms, or '*' for all; repeatable (default: those of this server, /echo all).",
            "origin"))
    var allowOrigin: [String] = []

    @Option(
        name: SettingKey.proxyProtocolFrom.name,
        help: SettingKey.proxyProtocolFrom.help(
            "Which proxies begin connections with a PROXY protocol header, as an address or range; repeatable.", "range"
        ))
    var proxyProtocolFrom: [String] = []

    @Option(
        name: SettingKey.trustedProxies.name,
        help: SettingKey.trustedProxies.help(
            "Which proxies are believed when they say who the client is, as an address or range; repeatable.", "range"))
    var trustedProxies: [String] = []

    @Option(
        name: SettingKey.forwardedField.name,
        help: SettingKey.forwardedField.help(
            "In which field they say it: x-forwarded-for (with -proto and -host), forwarded.", "field"))
    var forwardedField: String?

    @Option(
        name: SettingKey.maxConnections.name,
        help: SettingKey.maxConnections.help(
            "How many connections there may be; 0 for as many as there may be open files.", "count"))
    var maxConnections: String?

    @Option(
        name: SettingKey.maxConnectionsPerAddress.name,
        help: SettingKey.maxConnectionsPerAddress.help(
            "How many connections one address may have; 0 for no limit.", "count"))
    var maxConnectionsPerAddress: String?

    @Option(
        name: SettingKey.maxWebSocketsPerAddress.name,
        help: SettingKey.maxWebSocketsPerAddress.help(
            "How many WebSockets one client's address may have; 0 for no limit.", "count"))
    var maxWebSocketsPerAddress: String?

    @Option(
        name: SettingKey.exemptAddresses.name,
        help: SettingKey.exemptAddresses.help(
            "For which addresses neither limit holds, as an address or range; repeatable.", "range"))
    var exemptAddresses: [String] = []

    @Option(
        name: SettingKey.handshakesPerSecond.name,
        help: SettingKey.handshakesPerSecond.help(
            "How many WebSockets may be opened in a second; 0 for no limit.", "count"))
    var handshakesPerSecond: String?

    @Option(
        name: SettingKey.handshakeTimeout.name,
        help: SettingKey.handshakeTimeout.help(
            "How long a new connection may take for each step up to its first request.", "time"))
    var handshakeTimeout: String?

    @Option(
        name: SettingKey.idleTimeout.name,
        help: SettingKey.idleTimeout.help(
            "How long a connection may do nothing while a request is awaited or read.", "time"))
    var idleTimeout: String?

    var settings: [SettingKey: [String]] {
        given([
            (.allowOrigin, self.allowOrigin),
            (.proxyProtocolFrom, self.proxyProtocolFrom),
            (.trustedProxies, self.trustedProxies),
            (.forwardedField, texts(self.forwardedField)),
            (.maxConnections, texts(self.maxConnections)),
            (.maxConnectionsPerAddress, texts(self.maxConnectionsPerAddress)),
            (.maxWebSocketsPerAddress, texts(self.maxWebSocketsPerAddress)),
            (.exemptAddresses, self.exemptAddresses),
            (.handshakesPerSecond, texts(self.handshakesPerSecond)),
            (.handshakeTimeout, texts(self.handshakeTimeout)),
            (.idleTimeout, texts(self.idleTimeout)),
        ])
    }
}

/// The flags under "Messages".
struct MessageFlags: ParsableArguments, SettingFlags {
    @Option(
        name: SettingKey.maxMessageSize.name,
        help: SettingKey.maxMessageSize.help("The largest message that /echo takes.", "size"))
    var maxMessageSize: String?

    @Option(
        name: SettingKey.sendBuffer.name,
        help: SettingKey.sendBuffer.help("How much may wait for a client before it is not read any more.", "size"))
    var sendBuffer: String?

    @Option(
        name: SettingKey.maxSendBuffer.name,
        help: SettingKey.maxSendBuffer.help(
            "How much may wait for a client at all (default: /chat 1MiB, /echo twice --max-message-size).", "size"))
    var maxSendBuffer: String?

    @Option(
        name: SettingKey.receiveBuffer.name,
        help: SettingKey.receiveBuffer.help(
            "How much may wait for a route that reads messages before the client is not read any more.", "size"))
    var receiveBuffer: String?

    @Option(
        name: SettingKey.messagesPerSecond.name,
        help: SettingKey.messagesPerSecond.help(
            "How many messages a client may send in a second; 0 for no limit.", "count"))
    var messagesPerSecond: String?

    @Option(
        name: SettingKey.bytesPerSecond.name,
        help: SettingKey.bytesPerSecond.help("How much a client may send in a second; 0 for no limit.", "size"))
    var bytesPerSecond: String?

    @Option(
        name: SettingKey.rateAction.name,
        help: SettingKey.rateAction.help("What is done with a client that sends more: delay, close.", "action"))
    var rateAction: String?

    @Option(
        name: SettingKey.slowConsumers.name,
        help: SettingKey.slowConsumers.help(
            "What is done with a client that does not read what it is sent: wait, drop-newest, drop-oldest, keep-latest, disconnect.",
            "action"))
    var slowConsumers: String?

    @Option(
        name: SettingKey.publishesPerSecond.name,
        help: SettingKey.publishesPerSecond.help(
            "How many messages a client may publish in rooms in a second; 0 for no limit.", "count"))
    var publishesPerSecond: String?

    @Option(
        name: SettingKey.roomPublishesPerSecond.name,
        help: SettingKey.roomPublishesPerSecond.help(
            "How many messages all clients together may publish in a room in a second; 0 for no limit.", "count"))
    var roomPublishesPerSecond: String?

    @Option(
        name: SettingKey.maxRooms.name, help: SettingKey.maxRooms.help("How many rooms there may be.", "count"))
    var maxRooms: String?

    @Option(
        name: SettingKey.roomsMemory.name,
        help: SettingKey.roomsMemory.help("How much the histories of all rooms together may take.", "size"))
    var roomsMemory: String?

    @Option(
        name: SettingKey.keepaliveInterval.name,
        help: SettingKey.keepaliveInterval.help(
            "How long a client may be silent before it is pinged; 0 for never.", "time"))
    var keepaliveInterval: String?

    @Option(
        name: SettingKey.keepaliveTimeout.name,
        help: SettingKey.keepaliveTimeout.help("How long it may be silent behind the ping before it is cut.", "time"))
    var keepaliveTimeout: String?

    var settings: [SettingKey: [String]] {
        given([
            (.maxMessageSize, texts(self.maxMessageSize)),
            (.sendBuffer, texts(self.sendBuffer)),
            (.maxSendBuffer, texts(self.maxSendBuffer)),
            (.receiveBuffer, texts(self.receiveBuffer)),
            (.messagesPerSecond, texts(self.messagesPerSecond)),
            (.bytesPerSecond, texts(self.bytesPerSecond)),
            (.rateAction, texts(self.rateAction)),
            (.slowConsumers, texts(self.slowConsumers)),
            (.publishesPerSecond, texts(self.publishesPerSecond)),
            (.roomPublishesPerSecond, texts(self.roomPublishesPerSecond)),
            (.maxRooms, texts(self.maxRooms)),
            (.roomsMemory, texts(self.roomsMemory)),
            (.keepaliveInterval, texts(self.keepaliveInterval)),
            (.keepaliveTimeout, texts(self.keepaliveTimeout)),
        ])
    }
}

/// The flags under "Shutdown".
struct ShutdownFlags: ParsableArguments, SettingFlags {
    @Option(
        name: SettingKey.drainDelay.name,
        help: SettingKey.drainDelay.help("How long /readyz says 503 before listening ends.", "time"))
    var drainDelay: String?

    @Option(
        name: SettingKey.drainWindow.name,
        help: SettingKey.drainWindow.help("Within which time all clients are told to go.", "time"))
    var drainWindow: String?

    @Option(
        name: SettingKey.drainPace.name,
        help: SettingKey.drainPace.help("How many are told in a second, if the window allows.", "count"))
    var drainPace: String?

    @Option(
        name: SettingKey.drainReconnectAfter.name,
        help: SettingKey.drainReconnectAfter.help(
            "After which time clients may come back: 1012 and \"reconnect after N ms\" (default: 1001).", "time"))
    var drainReconnectAfter: String?

    var settings: [SettingKey: [String]] {
        given([
            (.drainDelay, texts(self.drainDelay)),
            (.drainWindow, texts(self.drainWindow)),
            (.drainPace, texts(self.drainPace)),
            (.drainReconnectAfter, texts(self.drainReconnectAfter)),
        ])
    }
}

/// The flags under "Pages".
struct PageFlags: ParsableArguments, SettingFlags {
    @Option(
        name: SettingKey.scenes.name,
        help: SettingKey.scenes.help(
            "Whether what the pages /match, /locations and /ways show is played: on, off.", "switch"))
    var scenes: String?

    var settings: [SettingKey: [String]] { given([(.scenes, texts(self.scenes))]) }
}

/// The flags under "Observability".
struct OperationFlags: ParsableArguments, SettingFlags {
    @Option(
        name: SettingKey.observability.name,
        help: SettingKey.observability.help("Whether /metrics, /healthz and /readyz are served: on, off.", "switch"))
    var observability: String?

    @Option(
        name: SettingKey.logLevel.name,
        help: SettingKey.logLevel.help(
            "From which level on is logged, on standard error: trace, debug, info, notice, warning, error, critical.",
            "level"))
    var logLevel: String?

    var settings: [SettingKey: [String]] {
        given([
            (.observability, texts(self.observability)),
            (.logLevel, texts(self.logLevel)),
        ])
    }
}

/// The flags under "Compression".
struct CompressionFlags: ParsableArguments, SettingFlags {
    @Option(name: SettingKey.compressionMode.name, help: SettingKey.compressionMode.help(CompressionMode.help, "mode"))
    var compressionMode: String?

    @Option(
        name: SettingKey.compressionLevel.name,
        help: SettingKey.compressionLevel.help("How hard to compress, 0 to 9.", "level"))
    var compressionLevel: String?

    @Option(
        name: SettingKey.compressionWindowBits.name,
        help: SettingKey.compressionWindowBits.help(
            "The largest window of each side, as a power of two, 9 to 15.", "bits"))
    var compressionWindowBits: String?

    @Option(
        name: SettingKey.compressionThreshold.name,
        help: SettingKey.compressionThreshold.help("From how many bytes on messages are compressed.", "size"))
    var compressionThreshold: String?

    var settings: [SettingKey: [String]] {
        given([
            (.compressionMode, texts(self.compressionMode)),
            (.compressionLevel, texts(self.compressionLevel)),
            (.compressionWindowBits, texts(self.compressionWindowBits)),
            (.compressionThreshold, texts(self.compressionThreshold)),
        ])
    }
}

/// A flag's text, if it was given.
private func texts(_ text: String?) -> [String] {
    text.map { [$0] } ?? []
}

/// Those that were given.
private func given(_ settings: [(SettingKey, [String])]) -> [SettingKey: [String]] {
    Dictionary(uniqueKeysWithValues: settings.filter { !$0.1.isEmpty })
}
