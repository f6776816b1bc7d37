import HTTPTypes
import Logging
import NIOHTTP1
import WebSocketCore

extension Refusal {
    /// Why a handshake was refused, or a request before it was known to be one: a label of metrics. There are few, so that nobody
    /// outside can make many.
    enum Reason: String, Sendable, CaseIterable {
        // what is no request
        case timeout
        case tooLarge = "too_large"
        case grammar
        // what breaks a rule of the handshake
        case httpVersion = "http_version"
        case method, host, target, upgrade, key, version, body, extensions, subprotocols
        case connect, scheme, authority
        case connectionSpecific = "connection_specific"
        /// Something stands behind it that is not WebSocket's.
        case pipelined
        /// The client has ended its side.
        case inputClosed = "input_closed"
        // what the server does not take
        case shutdown
        case handshakesPerSecond = "handshakes_per_second"
        case webSocketsPerAddress = "websockets_per_address"
        // what the route does not take
        case origin, subprotocol
        /// Whatever else the application answers.
        case route
        case other

        /// Which rule was broken.
        init(_ error: HandshakeError) {
            self =
                switch error.code {
                case .httpVersion: .httpVersion
                case .method: .method
                case .host: .host
                case .target: .target
                case .notAnUpgrade: .upgrade
                case .key: .key
                case .version: .version
                case .body: .body
                case .extensionGrammar: .extensions
                case .subprotocolGrammar: .subprotocols
                case .notAConnect: .connect
                case .scheme: .scheme
                case .authority: .authority
                case .connectionSpecific: .connectionSpecific
                default: .other
                }
        }

        /// What the parser did not take.
        init(_ error: HTTPParserError) {
            self =
                switch error {
                case .headerOverflow: .tooLarge
                case .invalidVersion: .httpVersion
                default: .grammar
                }
        }
    }
}

extension ServerShared {
    /// Counts a refusal that is sent, and tells of it in the log.
    ///
    /// - Parameters:
    ///   - status: The answer's.
    ///   - reason: Why.
    ///   - request: What was asked for; nil where that is not known.
    ///   - peer: Who asked.
    ///   - logger: The connection's.
    func refused(
        _ status: Int, _ reason: Refusal.Reason, _ request: HTTPRequest?, from peer: Peer, _ logger: Logger
    ) {
        self.configuration.metrics?.handshakeRefused(status, reason)
        guard logger.logLevel <= .info else { return }
        let client = request.map {
            ForwardedClient(
                of: $0.headerFields, from: peer.address, trusting: self.configuration.trustedProxies,
                in: self.configuration.forwardedField
            ).address
        }
        let address = client ?? peer.address
        logger.info(
            request == nil ? "request refused" : "handshake refused",
            metadata: [
                "status": "\(status)", "reason": "\(reason.rawValue)", "path": .path(of: request),
                "peer": "\(address.map(String.init(describing:)) ?? "-")",
            ])
    }
}
