import NIOCore
import NIOSSL

/// Who the server must be, beyond what SwiftNIO's TLS checks.
///
/// It checks the chain and the name. An address, though, it would look for where the channel is connected to, which through a
/// proxy or a Unix socket is another: that is checked here, and so are the pins.
struct ServerIdentity: Sendable {
    /// The name or address of the server.
    let name: String
    /// The server's address, if that is what stands for a name, and is to be checked.
    private let address: IPAddress?
    private let pins: [NIOSSLCertificate]
    /// The name for SNI: an address is no name, and cannot be indicated.
    let serverName: String?
    let context: NIOSSLContext

    init(_ url: WebSocketURL, _ options: DialOptions) throws(DialError) {
        self.name = options.serverName ?? url.host
        self.pins = options.pinnedCertificates
        let address = IPAddress(self.name)
        self.serverName = address == nil ? self.name : nil
        var configuration = options.tls
        if let address, configuration.certificateVerification == .fullVerification {
            self.address = address
            configuration.certificateVerification = .noHostnameVerification
        } else {
            self.address = nil
        }
        do {
            self.context = try NIOSSLContext(configuration: configuration)
        } catch {
            throw DialError(.tls("\(error)"))
        }
    }

    /// Checks the server's own certificate, once TLS is there.
    func check(_ certificate: NIOSSLCertificate?) throws(DialError) {
        if let address {
            guard let certificate, certificate.addresses.contains(address) else {
                throw self.mismatch(certificate)
            }
        }
        guard self.pins.isEmpty || certificate.map(self.pins.contains) == true else { throw DialError(.notPinned) }
    }

    /// That the certificate is another's.
    func mismatch(_ certificate: NIOSSLCertificate?) -> DialError {
        DialError(.nameMismatch(.init(name: self.name, certificateNames: certificate?.names ?? [])))
    }
}

extension NIOSSLCertificate {
    /// The IP addresses among the alternative names of the subject (RFC 5280, section 4.2.1.6).
    fileprivate var addresses: [IPAddress] {
        self._subjectAlternativeNames().compactMap { $0.nameType == .ipAddress ? IPAddress(bytes: Array($0.contents)) : nil }
    }

    /// The host names and IP addresses among the alternative names of the subject.
    fileprivate var names: [String] {
        self._subjectAlternativeNames().compactMap { name in
            switch name.nameType {
            case .dnsName: String(decoding: name.contents, as: UTF8.self)
            case .ipAddress: IPAddress(bytes: Array(name.contents)).map { "\($0)" }
            default: nil
            }
        }
    }
}
