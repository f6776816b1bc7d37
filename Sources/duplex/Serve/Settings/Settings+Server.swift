import HummingbirdCore
import NIOCore
import NIOSSL
import WebSocketCore
import WebSocketNIO
import WebSocketServer

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

extension Settings {
    /// The largest message that `/chat` takes: 64 KiB, more than any of its texts and names.
    static let maxChatMessage = 64 << 10
    /// The largest message to the rooms: 80 KiB, the largest that a room keeps (64 KiB of JSON), and what stands around it.
    static let maxRoomMessage = 80 << 10
    /// How much may wait for a reader of the rooms: 256 KiB. It gets no more once `sendBuffer` waits; what it asks for is answered.
    static let maxRoomSendBuffer = 256 << 10

    /// Where is listened.
    var addresses: [ListenAddress] {
        (self.listensOnPort ? [.hostname(self.host, port: self.port)] : [])
            + self.unixSockets.map { .unixSocket(path: $0) }
    }

    /// How connections are treated.
    ///
    /// - Parameters:
    ///   - tls: The certificates, if there are any.
    ///   - openFiles: How many files may be open.
    func server(tls: ServerTLS?, openFiles: Int) -> WebSocketServerConfiguration {
        var configuration = WebSocketServerConfiguration(
            handshakeTimeout: self.handshakeTimeout,
            tls: tls,
            proxyProtocol: self.proxyProtocolFrom.isEmpty ? .off : .required(from: ranges(self.proxyProtocolFrom)),
            trustedProxies: ranges(self.trustedProxies),
            forwardedField: self.forwardedField == .forwarded ? .forwarded : .xForwardedFor,
            admission: AdmissionLimits(
                maxConnections: self.connections(openFiles: openFiles),
                maxConnectionsPerAddress: limit(self.maxConnectionsPerAddress),
                maxWebSocketsPerAddress: limit(self.maxWebSocketsPerAddress),
                exemptAddresses: ranges(self.exemptAddresses),
                handshakesPerSecond: limit(self.handshakesPerSecond)),
            drain: DrainPolicy(
                pace: self.drainPace, window: self.drainWindow, reconnectAfter: self.drainReconnectAfter))
        switch self.http2 {
        case .off: configuration.http2 = .off
        case .tls: configuration.http2 = .overTLS
        case .everywhere: configuration.http2 = .everywhere
        }
        configuration.http1.idleTimeout = TimeAmount(self.idleTimeout)
        return configuration
    }

    /// How many connections there may be.
    func connections(openFiles: Int) -> Int {
        self.maxConnections > 0 ? self.maxConnections : max(openFiles - AdmissionLimits.reservedDescriptors, 1)
    }

    /// How the WebSockets of the chat behave.
    var chat: WebSocketConfiguration {
        self.webSocket(
            maxMessageSize: Settings.maxChatMessage, maxSendBuffer: self.maxSendBuffer ?? ChatRoom.maxWaiting)
    }

    /// How the WebSockets of the rooms behave. What is slow for them reads the log later, so hardly anything waits here.
    var rooms: WebSocketConfiguration {
        var rooms = self.webSocket(
            maxMessageSize: Settings.maxRoomMessage, maxSendBuffer: self.maxSendBuffer ?? Settings.maxRoomSendBuffer)
        rooms.slowConsumers = .wait
        return rooms
    }

    /// How the WebSockets of the echo behave.
    var echo: WebSocketConfiguration {
        self.webSocket(
            maxMessageSize: self.maxMessageSize, maxSendBuffer: self.maxSendBuffer ?? 2 * self.maxMessageSize)
    }

    private func webSocket(maxMessageSize: Int, maxSendBuffer: Int) -> WebSocketConfiguration {
        let keepalive: WebSocketConfiguration.Keepalive? =
            self.keepaliveInterval > .zero
            ? .init(interval: self.keepaliveInterval, timeout: self.keepaliveTimeout) : nil
        typealias Rates = WebSocketConfiguration.Rates
        func rate(_ number: Int) -> Rates.Rate? { number > 0 ? Rates.Rate(perSecond: Double(number)) : nil }
        let rates = Rates(
            messages: rate(self.messagesPerSecond), bytes: rate(self.bytesPerSecond),
            action: self.rateAction == .close ? .close : .delay)
        let slowConsumers: SlowConsumerPolicy =
            switch self.slowConsumers {
            case .wait: .wait
            case .dropNewest: .dropNewest
            case .dropOldest: .dropOldest
            case .keepLatest: .keepLatest
            case .disconnect: .disconnect(.tryAgainLater)
            }
        return WebSocketConfiguration(
            limits: Limits(maxMessageSize: maxMessageSize), receiveBuffer: self.receiveBuffer,
            sendBuffer: self.sendBuffer, maxSendBuffer: maxSendBuffer, slowConsumers: slowConsumers,
            rates: rates.messages == nil && rates.bytes == nil ? nil : rates, compression: self.compression,
            keepalive: keepalive)
    }

    /// From which pages WebSockets may be opened.
    ///
    /// - Parameter standard: What a route has when nothing is said.
    func origins(standard: OriginPolicy) -> OriginPolicy {
        guard let allowedOrigins else { return standard }
        return allowedOrigins == ["*"] ? .any : .list(allowedOrigins)
    }
}

/// A limit; zero for none.
private func limit(_ number: Int) -> Int? {
    number > 0 ? number : nil
}

/// The ranges of texts that were checked when the settings were read.
private func ranges(_ texts: [String]) -> [AddressRange] {
    texts.compactMap { try? AddressRange(parsing: $0) }
}

extension Settings.TLS {
    /// The files that are read.
    var files: [String] { [self.cert, self.key] + (self.clientCA.map { [$0] } ?? []) }

    /// Reads the files.
    ///
    /// - Throws: An error that is one line for people.
    func load() throws -> ServerTLS {
        let clientCertificates: ServerTLS.ClientCertificates =
            switch (self.clientCertificates, self.clientCA) {
            case (.optional, let file?): .optional(.file(file))
            case (.required, let file?): .required(.file(file))
            default: .none
            }
        try self.checkClientCA()
        return try ServerTLS(
            certificateFile: self.cert, keyFile: self.key, clientCertificates: clientCertificates)
    }

    /// Reads them again.
    ///
    /// - Returns: When the certificate expires.
    /// - Throws: An error that is one line for people; then the old ones stay.
    func reload(_ tls: ServerTLS) throws -> Date {
        try self.checkClientCA()
        try tls.reload()
        guard let certificate = try NIOSSLCertificate.fromPEMFile(self.cert).first else { return .distantPast }
        return Date(timeIntervalSince1970: Double(certificate.notValidAfter))
    }

    /// Tried here, for a message that says which file it is.
    private func checkClientCA() throws {
        guard let clientCA, ((try? NIOSSLCertificate.fromPEMFile(clientCA)) ?? []).isEmpty else { return }
        throw ClientCAError(file: clientCA)
    }
}

/// There are no certificates in the file of those who may sign those of clients.
private struct ClientCAError: Error, CustomStringConvertible {
    let file: String
    var description: String { "\(self.file): it cannot be read, or it holds no certificate" }
}
