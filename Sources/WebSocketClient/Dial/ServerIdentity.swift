import NIOCore
import NIOSSL

/// Who the server must be, beyond the chain of its certificate.
///
/// SwiftNIO's TLS takes, whatever the name, a certificate for the address that the channel is connected to; through a proxy
/// that is the proxy's, which could so stand for any server. Names and addresses are therefore checked here (RFC 9525), and
/// so are the pins.
struct ServerIdentity: Sendable {
    /// The name or address that was asked for.
    private let name: String
    private let checksName: Bool
    private let pins: [NIOSSLCertificate]
    /// The name for SNI, which has no dot at its end (RFC 6066, section 3); an address is no name, and cannot be indicated.
    let serverName: String?
    let context: NIOSSLContext

    init(_ url: WebSocketURL, _ options: DialOptions) throws(DialError) {
        self.name = options.serverName ?? url.host
        self.pins = options.pinnedCertificates
        self.serverName = IPAddress(self.name) == nil ? DomainName.withoutDot(self.name) : nil
        var configuration = options.tls
        if let names = options.httpVersion.applicationProtocols { configuration.applicationProtocols = names }
        self.checksName = configuration.certificateVerification == .fullVerification
        if self.checksName { configuration.certificateVerification = .noHostnameVerification }
        do {
            self.context = try NIOSSLContext(configuration: configuration)
        } catch {
            throw DialError(.tls("\(error)"))
        }
    }

    /// The handler that does TLS with the server.
    func makeHandler() throws(DialError) -> NIOSSLClientHandler {
        do {
            return try NIOSSLClientHandler(context: self.context, serverHostname: self.serverName)
        } catch {
            throw DialError(.tls("\(error)"))
        }
    }

    /// Checks the server's own certificate, once TLS is there.
    func check(_ certificate: NIOSSLCertificate?) throws(DialError) {
        if self.checksName {
            guard let certificate, self.isFor(certificate) else {
                throw DialError(.nameMismatch(.init(name: self.name, certificateNames: certificate?.names ?? [])))
            }
        }
        guard self.pins.isEmpty || certificate.map(self.pins.contains) == true else { throw DialError(.notPinned) }
    }

    private func isFor(_ certificate: NIOSSLCertificate) -> Bool {
        let address = IPAddress(self.name)
        return certificate._subjectAlternativeNames().contains { entry in
            switch entry.nameType {
            case .ipAddress: address != nil && IPAddress(bytes: Array(entry.contents)) == address
            case .dnsName: address == nil && DomainName.pattern(Array(entry.contents), matches: self.name)
            default: false
            }
        }
    }
}

/// Names of hosts in certificates (RFC 9525, section 6.3).
enum DomainName {
    static func withoutDot(_ name: String) -> String {
        name.hasSuffix(".") ? String(name.dropLast()) : name
    }

    /// Whether a certificate's name stands for a host's: the same labels, whatever their case; or "*" for the whole first label.
    static func pattern(_ pattern: [UInt8], matches name: String) -> Bool {
        let dot = UInt8(ascii: ".")
        func labels(_ bytes: some Sequence<UInt8>) -> [[UInt8]] {
            let lower = bytes.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0 }
            return lower.split(separator: dot, omittingEmptySubsequences: false).map(Array.init)
        }
        let expected = labels(pattern.last == dot ? pattern.dropLast() : pattern[...])
        let found = labels(self.withoutDot(name).utf8)
        guard expected.count == found.count, found.allSatisfy({ !$0.isEmpty }) else { return false }
        if expected.count > 1, expected[0] == [UInt8(ascii: "*")] { return expected.dropFirst() == found.dropFirst() }
        return expected == found
    }
}

extension NIOSSLCertificate {
    /// The host names and IP addresses among the alternative names of the subject (RFC 5280, section 4.2.1.6).
    fileprivate var names: [String] {
        self._subjectAlternativeNames().compactMap { entry in
            switch entry.nameType {
            case .dnsName: String(decoding: entry.contents, as: UTF8.self)
            case .ipAddress: IPAddress(bytes: Array(entry.contents)).map { "\($0)" }
            default: nil
            }
        }
    }
}
