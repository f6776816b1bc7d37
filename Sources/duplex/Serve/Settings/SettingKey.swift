import Logging
import WebSocketDeflate
import WebSocketNIO
import WebSocketServer

/// A setting of `duplex serve`, by its key in a configuration file.
enum SettingKey: String, CaseIterable, Sendable {
    case host, port, unixSocket, reusePort, threads, backlog
    case tlsCert = "tls.cert"
    case tlsKey = "tls.key"
    case tlsClientCA = "tls.clientCA"
    case tlsClientCertificates = "tls.clientCertificates"
    case tlsReloadInterval = "tls.reloadInterval"
    case http2, allowOrigin, proxyProtocolFrom, trustedProxies, forwardedField
    case maxConnections, maxConnectionsPerAddress, maxWebSocketsPerAddress, exemptAddresses, handshakesPerSecond
    case handshakeTimeout, idleTimeout
    case maxMessageSize, sendBuffer, maxSendBuffer, receiveBuffer
    case messagesPerSecond, bytesPerSecond, rateAction, slowConsumers
    case keepaliveInterval, keepaliveTimeout
    case drainPace = "drain.pace"
    case drainWindow = "drain.window"
    case drainDelay = "drain.delay"
    case drainReconnectAfter = "drain.reconnectAfter"
    case scenes
    case observability, logLevel
    case compressionMode = "compression.mode"
    case compressionLevel = "compression.level"
    case compressionWindowBits = "compression.windowBits"
    case compressionThreshold = "compression.threshold"
}

extension SettingKey {
    /// What every variable begins with.
    static let prefix = "DUPLEX_"

    /// The words of the key, in lower case.
    private var words: [String] {
        var words = [""]
        var previous: Character = "."
        for character in self.rawValue {
            if character == "." || (previous.isLowercase && character.isUppercase) { words.append("") }
            if character != "." { words[words.count - 1].append(contentsOf: character.lowercased()) }
            previous = character
        }
        return words
    }

    /// The flag's name, without the dashes in front.
    var flag: String { self == .compressionMode ? "compression" : self.words.joined(separator: "-") }

    /// The environment variable's name.
    var variable: String { SettingKey.prefix + self.words.joined(separator: "_").uppercased() }

    /// What values there are.
    var kind: SettingKind {
        let day = Duration.seconds(86400)
        return switch self {
        case .host, .tlsCert, .tlsKey, .tlsClientCA: .text
        case .port: .count(0...65535)
        case .unixSocket: .paths
        case .reusePort, .scenes, .observability: .toggle
        case .threads: .count(1...1024)
        case .backlog: .count(1...65535)
        case .tlsClientCertificates: .choice(Settings.ClientCertificates.allCases.map(\.rawValue))
        case .http2: .choice(Settings.HTTP2.allCases.map(\.rawValue))
        case .forwardedField: .choice(Settings.ForwardedField.allCases.map(\.rawValue))
        case .rateAction: .choice(Settings.RateAction.allCases.map(\.rawValue))
        case .slowConsumers: .choice(Settings.SlowConsumers.allCases.map(\.rawValue))
        case .logLevel: .choice(Logger.Level.allCases.map(\.rawValue))
        case .compressionMode: .choice(CompressionMode.allCases.map(\.rawValue))
        case .allowOrigin: .origins
        case .proxyProtocolFrom, .trustedProxies, .exemptAddresses: .ranges
        case .maxConnections, .maxConnectionsPerAddress, .maxWebSocketsPerAddress, .handshakesPerSecond,
            .messagesPerSecond:
            .count(0...10_000_000)
        case .handshakeTimeout, .idleTimeout: .duration(.milliseconds(100)...day)
        case .keepaliveTimeout: .duration(.seconds(1)...day)
        case .tlsReloadInterval, .keepaliveInterval: .duration(.seconds(1)...day, orZero: true)
        case .drainWindow, .drainDelay, .drainReconnectAfter: .duration(.zero...(.seconds(3600)))
        case .drainPace: .count(1...1_000_000)
        case .maxMessageSize: .size(1...WebSocketConfiguration.maxCollectedMessage)
        case .sendBuffer: .size(2...(1 << 30))
        case .receiveBuffer: .size(1...(1 << 30))
        case .maxSendBuffer: .size(1...(16 << 30))
        case .bytesPerSecond: .size(0...(16 << 30))
        case .compressionLevel: .count(0...9)
        case .compressionWindowBits: .count(DeflateConfiguration.windowBits)
        case .compressionThreshold: .size(0...(1 << 30))
        }
    }

    /// The default, as the values that would be given.
    var standardTexts: [String]? {
        self.standard.map { self.kind.isList ? $0.split(separator: ",").map(String.init) : [$0] }
    }

    /// The default as it would be written; nil where a setting that is not given means something of its own.
    var standard: String? {
        switch self {
        case .host: "127.0.0.1"
        case .port: "3000"
        case .reusePort: "off"
        case .backlog: "\(Settings.defaultBacklog)"
        case .tlsClientCertificates: "none"
        case .tlsReloadInterval: "60s"
        case .http2: "tls"
        case .maxConnections, .messagesPerSecond, .bytesPerSecond: "0"
        case .maxConnectionsPerAddress: "\(AdmissionLimits.defaultMaxConnectionsPerAddress)"
        case .maxWebSocketsPerAddress: "\(AdmissionLimits.defaultMaxWebSocketsPerAddress)"
        case .exemptAddresses: AdmissionLimits.defaultExemptAddresses.map(\.description).joined(separator: ",")
        case .handshakesPerSecond: "\(AdmissionLimits.defaultHandshakesPerSecond)"
        case .handshakeTimeout: Quantity.text(of: WebSocketServerConfiguration.defaultHandshakeTimeout)
        case .idleTimeout: Quantity.text(of: Settings.defaultIdleTimeout)
        case .maxMessageSize: Quantity.text(ofSize: Settings.defaultMaxMessageSize)
        case .sendBuffer: Quantity.text(ofSize: WebSocketConfiguration.defaultSendBuffer)
        case .receiveBuffer: Quantity.text(ofSize: WebSocketConfiguration.defaultReceiveBuffer)
        case .forwardedField: Settings.ForwardedField.xForwardedFor.rawValue
        case .rateAction: "delay"
        case .slowConsumers: "disconnect"
        case .keepaliveInterval: Quantity.text(of: WebSocketConfiguration.Keepalive.defaultInterval)
        case .keepaliveTimeout: Quantity.text(of: WebSocketConfiguration.Keepalive.defaultTimeout)
        case .drainPace: "\(DrainPolicy.defaultPace)"
        case .drainWindow: Quantity.text(of: DrainPolicy.defaultWindow)
        case .drainDelay: "0"
        case .scenes, .observability: "on"
        case .logLevel: "warning"
        case .compressionMode: CompressionMode.noTakeover.rawValue
        case .compressionLevel: "\(DeflateConfiguration.defaultLevel)"
        case .compressionWindowBits: "15"
        case .compressionThreshold: "\(DeflateConfiguration.defaultThreshold)"
        case .unixSocket, .threads, .tlsCert, .tlsKey, .tlsClientCA, .allowOrigin, .proxyProtocolFrom, .trustedProxies,
            .maxSendBuffer, .drainReconnectAfter:
            nil
        }
    }
}
