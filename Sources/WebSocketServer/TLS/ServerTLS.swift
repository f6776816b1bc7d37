import NIOCore
public import NIOSSL
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A server's certificate, key, and what it asks of its clients. It can be replaced while the server runs: connections keep
/// what they began with, new ones get the new.
public final class ServerTLS: Sendable {
    /// Whether clients have to show a certificate.
    public enum ClientCertificates: Sendable {
        /// They are not asked.
        case none
        /// They are asked; one that is shown must be signed by these, and is a route's to look at (``Peer/certificate``).
        case optional(NIOSSLTrustRoots)
        /// They must show one that is signed by these; the TLS handshake fails otherwise.
        case required(NIOSSLTrustRoots)
    }

    /// Makes TLS's settings anew.
    private let load: @Sendable () throws -> TLSConfiguration
    private let contexts: Mutex<Contexts>

    /// The contexts, by whether HTTP/2 is offered.
    private struct Contexts: Sendable {
        var http1: NIOSSLContext
        var http2: NIOSSLContext

        init(_ configuration: TLSConfiguration) throws {
            var configuration = configuration
            configuration.applicationProtocols = ["http/1.1"]
            self.http1 = try NIOSSLContext(configuration: configuration)
            configuration.applicationProtocols = ["h2", "http/1.1"]
            self.http2 = try NIOSSLContext(configuration: configuration)
        }
    }

    /// Makes it from settings.
    ///
    /// - Parameter load: Makes the settings, now and at each ``reload()``. ALPN is set here.
    /// - Throws: What it throws, and `NIOSSLError` for settings that cannot be used.
    public init(_ load: @escaping @Sendable () throws -> TLSConfiguration) throws {
        self.load = load
        self.contexts = Mutex(try Contexts(load()))
    }

    /// Makes it from files in PEM format; at each ``reload()`` they are read again. TLS 1.2 is the oldest version spoken.
    ///
    /// - Parameters:
    ///   - certificateFile: The server's certificate, and behind it those that lead to a root.
    ///   - keyFile: Its private key, without a passphrase.
    ///   - clientCertificates: Whether clients have to show a certificate.
    /// - Throws: ``ServerTLSError`` when a file cannot be read, or the key does not belong to the certificate.
    public convenience init(
        certificateFile: String, keyFile: String, clientCertificates: ClientCertificates = .none
    ) throws {
        try self.init {
            let chain = try ServerTLSError.reading(certificateFile) {
                try NIOSSLCertificate.fromPEMFile(certificateFile)
            }
            guard !chain.isEmpty else { throw ServerTLSError(file: certificateFile, "it holds no certificate") }
            let key = try ServerTLSError.reading(keyFile) { try NIOSSLPrivateKey(file: keyFile, format: .pem) }
            var configuration = TLSConfiguration.makeServerConfiguration(
                certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
            configuration.minimumTLSVersion = .tlsv12
            switch clientCertificates {
            case .none: break
            case .optional(let roots):
                configuration.certificateVerification = .optionalVerification
                configuration.trustRoots = roots
            case .required(let roots):
                configuration.certificateVerification = .noHostnameVerification
                configuration.trustRoots = roots
            }
            // Tried here, for a message that says which file it is.
            do {
                _ = try NIOSSLContext(configuration: configuration)
            } catch NIOSSLError.failedToLoadPrivateKey {
                throw ServerTLSError(
                    file: keyFile, "the key does not belong to the certificate in \(certificateFile)")
            } catch {
                throw ServerTLSError(file: certificateFile, "it cannot be used (\(error))")
            }
            return configuration
        }
    }

    /// Makes the settings anew, for connections from now on. Any thread; it may read files.
    ///
    /// - Throws: As the initializer; then what was before stays.
    public func reload() throws {
        let contexts = try Contexts(self.load())
        self.contexts.withLock { $0 = contexts }
    }

    /// What the next connection gets.
    func context(offersHTTP2: Bool) -> NIOSSLContext {
        self.contexts.withLock { offersHTTP2 ? $0.http2 : $0.http1 }
    }
}

/// Why a server's certificate or key cannot be used.
public struct ServerTLSError: Error, CustomStringConvertible {
    /// The file.
    public let file: String
    private let reason: String

    init(file: String, _ reason: String) {
        self.file = file
        self.reason = reason
    }

    /// One line for people.
    public var description: String { "\(self.file): \(self.reason)" }

    /// Says which file it was.
    static func reading<Value>(_ file: String, _ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch let error as IOError {
            throw ServerTLSError(file: file, String(cString: strerror(error.errnoCode)))
        } catch {
            throw ServerTLSError(file: file, "it cannot be read as PEM (\(error))")
        }
    }
}
