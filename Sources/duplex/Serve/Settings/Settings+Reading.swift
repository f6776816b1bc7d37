import Logging

extension Settings {
    /// Reads the settings, and checks that they go together.
    ///
    /// - Throws: ``SettingsError`` for the first that is wrong.
    init(from reader: SettingsReader) throws(SettingsError) {
        var reader = reader
        var values: [SettingKey: SettingValue] = [:]
        for key in SettingKey.allCases { values[key] = try reader.value(key) }
        let found = Found(values: values)
        self.host = found.text(.host)
        self.port = found.count(.port)
        self.unixSockets = found.list(.unixSocket) ?? []
        self.listensOnPort =
            self.unixSockets.isEmpty || [.host, .port].contains { reader.source($0) != .standard }
        self.reusePort = found.isOn(.reusePort)
        self.threads = found.optionalCount(.threads)
        self.backlog = found.count(.backlog)
        self.tls = try Settings.tls(found, reader)
        self.http2 = found.choice(.http2, .tls)
        self.allowedOrigins = found.list(.allowOrigin)
        self.proxyProtocolFrom = found.list(.proxyProtocolFrom) ?? []
        self.trustedProxies = found.list(.trustedProxies) ?? []
        self.forwardedField = found.choice(.forwardedField, .xForwardedFor)
        self.maxConnections = found.count(.maxConnections)
        self.maxConnectionsPerAddress = found.count(.maxConnectionsPerAddress)
        self.maxWebSocketsPerAddress = found.count(.maxWebSocketsPerAddress)
        self.exemptAddresses = found.list(.exemptAddresses) ?? []
        self.handshakesPerSecond = found.count(.handshakesPerSecond)
        self.handshakeTimeout = found.duration(.handshakeTimeout)
        self.idleTimeout = found.duration(.idleTimeout)
        self.maxMessageSize = found.count(.maxMessageSize)
        self.sendBuffer = found.count(.sendBuffer)
        self.maxSendBuffer = found.optionalCount(.maxSendBuffer)
        self.receiveBuffer = found.count(.receiveBuffer)
        self.messagesPerSecond = found.count(.messagesPerSecond)
        self.bytesPerSecond = found.count(.bytesPerSecond)
        self.rateAction = found.choice(.rateAction, .delay)
        self.slowConsumers = found.choice(.slowConsumers, .disconnect)
        self.keepaliveInterval = found.duration(.keepaliveInterval)
        self.keepaliveTimeout = found.duration(.keepaliveTimeout)
        self.drainPace = found.count(.drainPace)
        self.drainWindow = found.duration(.drainWindow)
        self.drainDelay = found.duration(.drainDelay)
        self.drainReconnectAfter = found.optionalDuration(.drainReconnectAfter)
        self.scenes = found.isOn(.scenes)
        self.observability = found.isOn(.observability)
        self.logLevel = found.choice(.logLevel, .warning)
        self.compression = found.choice(.compressionMode, CompressionMode.noTakeover).configuration(
            level: found.count(.compressionLevel), windowBits: found.count(.compressionWindowBits),
            threshold: found.count(.compressionThreshold))
        self.entries = reader.entries
    }

    /// The defaults.
    static let standard: Settings = {
        do {
            return try Settings(from: SettingsReader(flags: [:], environment: [:]))
        } catch {
            preconditionFailure("a default is wrong: \(error)")
        }
    }()

    /// TLS's settings, which only make sense together.
    private static func tls(_ found: Found, _ reader: SettingsReader) throws(SettingsError) -> TLS? {
        func wrong(_ key: SettingKey, _ reason: String) -> SettingsError {
            .combination(key, from: reader.source(key), reason)
        }
        let clientCertificates = found.choice(.tlsClientCertificates, ClientCertificates.none)
        let clientCA = found.optionalText(.tlsClientCA)
        switch (found.optionalText(.tlsCert), found.optionalText(.tlsKey)) {
        case (nil, nil):
            if clientCA != nil { throw wrong(.tlsClientCA, "it needs tls.cert and tls.key") }
            if clientCertificates != .none { throw wrong(.tlsClientCertificates, "it needs tls.cert and tls.key") }
            return nil
        case (nil, _): throw wrong(.tlsKey, "it needs tls.cert")
        case (_, nil): throw wrong(.tlsCert, "it needs tls.key")
        case (let cert?, let key?):
            if clientCA != nil, clientCertificates == .none {
                throw wrong(.tlsClientCA, "it is not used while tls.clientCertificates is none")
            }
            if clientCA == nil, clientCertificates != .none {
                throw wrong(.tlsClientCertificates, "it needs tls.clientCA")
            }
            return TLS(
                cert: cert, key: key, clientCA: clientCA, clientCertificates: clientCertificates,
                reloadInterval: found.duration(.tlsReloadInterval))
        }
    }
}

/// Values of the types that their keys' kinds have. What has no default and is not given is nil.
private struct Found {
    let values: [SettingKey: SettingValue]

    func optionalText(_ key: SettingKey) -> String? {
        if case .text(let text) = self.values[key] { text } else { nil }
    }

    func optionalCount(_ key: SettingKey) -> Int? {
        switch self.values[key] {
        case .count(let number), .size(let number): number
        default: nil
        }
    }

    func optionalDuration(_ key: SettingKey) -> Duration? {
        if case .duration(let duration) = self.values[key] { duration } else { nil }
    }

    func list(_ key: SettingKey) -> [String]? {
        if case .list(let list) = self.values[key] { list } else { nil }
    }

    // Below: those that have a default, so that there is always a value.

    func text(_ key: SettingKey) -> String { self.optionalText(key) ?? "" }
    func count(_ key: SettingKey) -> Int { self.optionalCount(key) ?? 0 }
    func duration(_ key: SettingKey) -> Duration { self.optionalDuration(key) ?? .zero }
    func isOn(_ key: SettingKey) -> Bool { self.values[key] == .toggle(true) }

    func choice<Value: RawRepresentable<String>>(_ key: SettingKey, _ standard: Value) -> Value {
        self.optionalText(key).flatMap(Value.init(rawValue:)) ?? standard
    }
}
