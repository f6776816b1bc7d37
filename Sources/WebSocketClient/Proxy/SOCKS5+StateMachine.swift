import NIOCore

/// A client of SOCKS, version 5 (RFC 1928), with a user's name and password if wanted (RFC 1929).
struct SOCKS5StateMachine: TunnelMachine, ~Copyable {
    /// The longest name of a host, user name and password: their lengths are one byte.
    static let maxText = 255

    /// What is asked of the proxy.
    struct Request: Sendable {
        struct Credentials: Sendable {
            var username: String
            var password: String
        }

        let host: String
        let port: Int
        let credentials: Credentials?

        /// - Parameters:
        ///   - host: The server's name, which the proxy resolves, or its address.
        ///   - port: The server's port.
        ///   - credentials: For the proxy.
        /// - Throws: ``DialError`` when a text is too long for the protocol, or empty.
        init(host: String, port: Int, credentials: Credentials?) throws(DialError) {
            guard (1...SOCKS5StateMachine.maxText).contains(host.utf8.count) else {
                throw DialError(
                    .invalidProxy("SOCKS takes no host name of more than \(SOCKS5StateMachine.maxText) bytes"))
            }
            for text in [credentials?.username, credentials?.password].compactMap({ $0 }) {
                guard (1...SOCKS5StateMachine.maxText).contains(text.utf8.count) else {
                    throw DialError(
                        .invalidProxy(
                            "SOCKS wants a user name and a password of 1 to \(SOCKS5StateMachine.maxText) bytes"))
                }
            }
            (self.host, self.port, self.credentials) = (host, port, credentials)
        }
    }

    private enum State {
        /// The proxy chooses how the client proves who it is.
        case greeted
        case authenticating
        case requested
        case done
    }

    private let wanted: Request
    private var state = State.greeted

    init(_ request: Request) {
        self.wanted = request
    }

    mutating func start() -> ByteBuffer {
        // Version, and the methods offered: none needed, and user name with password.
        ByteBuffer(bytes: self.wanted.credentials == nil ? [5, 1, 0] : [5, 2, 0, 2])
    }

    mutating func receive(_ bytes: inout ByteBuffer) -> TunnelAction {
        switch self.state {
        case .greeted:
            guard let (version, method) = bytes.readMultipleIntegers(as: (UInt8, UInt8).self) else { return .wait }
            guard version == 5 else { return self.fail("it does not speak SOCKS 5") }
            switch (method, self.wanted.credentials) {
            case (0, _):
                return self.request()
            case (2, let credentials?):
                self.state = .authenticating
                var message = ByteBuffer(bytes: [1])
                for text in [credentials.username, credentials.password] {
                    message.writeInteger(UInt8(text.utf8.count))
                    message.writeString(text)
                }
                return .send(message)
            default:
                return self.fail(
                    self.wanted.credentials == nil
                        ? "it wants a user name and a password, or another proof that is not known here"
                        : "it takes neither a user name with a password nor none")
            }
        case .authenticating:
            guard let (_, status) = bytes.readMultipleIntegers(as: (UInt8, UInt8).self) else { return .wait }
            guard status == 0 else { return self.fail("it does not accept the user name and the password") }
            return self.request()
        case .requested:
            return self.receiveReply(&bytes)
        case .done:
            return .wait
        }
    }

    mutating func giveUp(_ reason: DialError) -> DialError { reason }

    private mutating func request() -> TunnelAction {
        self.state = .requested
        // Version, CONNECT, reserved, then the address by its kind, and the port.
        var message = ByteBuffer(bytes: [5, 1, 0])
        if let address = IPAddress(self.wanted.host) {
            message.writeInteger(UInt8(address.isV6 ? 4 : 1))
            message.writeBytes(address.bytes)
        } else {
            message.writeInteger(UInt8(3))
            message.writeInteger(UInt8(self.wanted.host.utf8.count))
            message.writeString(self.wanted.host)
        }
        message.writeInteger(UInt16(self.wanted.port))
        return .send(message)
    }

    private mutating func receiveReply(_ bytes: inout ByteBuffer) -> TunnelAction {
        let start = bytes
        guard let (version, code) = bytes.readMultipleIntegers(as: (UInt8, UInt8).self) else { return .wait }
        guard version == 5 else { return self.fail("its answer is not SOCKS 5") }
        // A proxy that refuses may leave out the rest.
        guard code == 0 else { return self.fail(SOCKS5StateMachine.meaning(code)) }
        guard let (_, kind) = bytes.readMultipleIntegers(as: (UInt8, UInt8).self) else {
            bytes = start
            return .wait
        }
        let length: Int?
        switch kind {
        case 1: length = 4
        case 4: length = 16
        case 3: length = bytes.getInteger(at: bytes.readerIndex, as: UInt8.self).map { 1 + Int($0) }
        default: return self.fail("its answer has an address of the unknown kind \(kind)")
        }
        guard let length, bytes.readSlice(length: length + 2) != nil else {
            bytes = start
            return .wait
        }
        self.state = .done
        return .open
    }

    /// RFC 1928, section 6.
    private static func meaning(_ code: UInt8) -> String {
        switch code {
        case 1: "general failure"
        case 2: "its rules do not allow the connection"
        case 3: "the network cannot be reached"
        case 4: "the host cannot be reached"
        case 5: "the server refused the connection"
        case 6: "the connection took too long"
        case 7: "it does not know the command CONNECT"
        case 8: "it does not know this kind of address"
        default: "unknown reply \(code)"
        }
    }

    private mutating func fail(_ reason: String) -> TunnelAction {
        self.state = .done
        return .fail(DialError(.proxy(reason)))
    }
}
