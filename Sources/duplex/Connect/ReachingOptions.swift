import ArgumentParser
import HTTPTypes
import NIOSSL
import WebSocketClient

/// The options about the way to the server: proxy, redirects, TLS, and what the request brings along.
struct ReachingOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The proxy: http://[USER:PASSWORD@]HOST[:PORT], socks5://…, or 'none'. Default: what http_proxy, https_proxy, all_proxy and no_proxy say.",
            valueName: "url"))
    var proxy: String?

    @Option(
        name: .customLong("unix-socket"),
        help: ArgumentHelp("A Unix socket to connect to; the address then gives Host and path.", valueName: "path"))
    var unixSocket: String?

    /// How many redirects are followed unless said otherwise: 5. A browser follows none, but people expect it of a command.
    static let defaultRedirects = 5

    @Option(name: .customLong("max-redirects"), help: "How many redirects are followed.")
    var maxRedirects = ReachingOptions.defaultRedirects

    @Option(help: ArgumentHelp("The Origin to send.", valueName: "origin"))
    var origin: String?

    @Option(
        name: .customLong("cookie"), help: ArgumentHelp("A cookie to send; repeatable.", valueName: "name=value"))
    var cookies: [String] = []

    @Option(help: ArgumentHelp("The client's certificate with its chain, PEM.", valueName: "file"))
    var cert: String?

    @Option(help: ArgumentHelp("The client's private key, PEM.", valueName: "file"))
    var key: String?

    @Option(help: ArgumentHelp("The authorities to trust instead of the system's, PEM.", valueName: "file"))
    var ca: String?

    @Flag(help: "Do not check the server's certificate.")
    var insecure = false

    func validate() throws {
        guard self.maxRedirects >= 0 else { throw ValidationError("--max-redirects must not be negative") }
        guard (self.cert == nil) == (self.key == nil) else { throw ValidationError("--cert and --key go together") }
        for cookie in self.cookies where !cookie.contains("=") {
            throw ValidationError("'\(cookie)' is not 'name=value'")
        }
    }

    /// Puts into the options what these here say.
    ///
    /// - Throws: `DialError` for the proxy, `ValidationError` for a file.
    func apply(to options: inout DialOptions) throws {
        options.proxy =
            switch self.proxy {
            case nil: .environment
            case "none"?: .none
            case let url?: try DialProxy(url)
            }
        options.unixSocket = self.unixSocket
        options.maxRedirects = self.maxRedirects
        if let origin { options.fields[.origin] = origin }
        options.cookies = self.cookies.map { cookie in
            let parts = cookie.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (String(parts[0]), String(parts[1]))
        }
        if self.insecure { options.tls.certificateVerification = .none }
        if let ca {
            options.tls.trustRoots = .certificates(try self.reading(ca) { try NIOSSLCertificate.fromPEMFile($0) })
        }
        if let cert, let key {
            let chain = try self.reading(cert) { try NIOSSLCertificate.fromPEMFile($0) }
            options.tls.certificateChain = chain.map { .certificate($0) }
            options.tls.privateKey = .privateKey(
                try self.reading(key) { try NIOSSLPrivateKey(file: $0, format: .pem) })
        }
    }

    private func reading<T>(_ file: String, _ read: (String) throws -> T) throws -> T {
        do {
            return try read(file)
        } catch {
            throw ValidationError("\(file) cannot be used: \(error)")
        }
    }
}
