import ArgumentParser
import Testing

@testable import duplex

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

@Suite struct SettingKeyTests {
    @Test(arguments: [
        (SettingKey.port, "port", "DUPLEX_PORT"),
        (.unixSocket, "unix-socket", "DUPLEX_UNIX_SOCKET"),
        (.tlsCert, "tls-cert", "DUPLEX_TLS_CERT"),
        (.tlsClientCA, "tls-client-ca", "DUPLEX_TLS_CLIENT_CA"),
        (.http2, "http2", "DUPLEX_HTTP2"),
        (.maxConnectionsPerAddress, "max-connections-per-address", "DUPLEX_MAX_CONNECTIONS_PER_ADDRESS"),
        (.drainReconnectAfter, "drain-reconnect-after", "DUPLEX_DRAIN_RECONNECT_AFTER"),
        (.compressionMode, "compression", "DUPLEX_COMPRESSION_MODE"),
        (.compressionWindowBits, "compression-window-bits", "DUPLEX_COMPRESSION_WINDOW_BITS"),
    ])
    func names(key: SettingKey, flag: String, variable: String) {
        #expect(key.flag == flag)
        #expect(key.variable == variable)
    }

    @Test(arguments: SettingKey.allCases)
    func theDefaultIsAllowed(key: SettingKey) {
        guard let standard = key.standardTexts else { return }
        let value = try? key.kind.parse(standard).get()
        #expect(value != nil)
    }

    /// The variables are looked up by the library's rule, not by the names that are shown.
    @Test(arguments: SettingKey.allCases)
    func theVariableIsRead(key: SettingKey) throws {
        var reader = SettingsReader(flags: [:], environment: [key.variable: key.kind.example])
        let value = try reader.value(key)
        #expect(try value == key.kind.parse([key.kind.example]).get())
        #expect(reader.source(key) == .variable(key.variable))
    }

    @Test func theDocumentationHasThemAll() throws {
        let sources = #filePath.split(separator: "/Tests/").first.map { "\($0)" } ?? ""
        let document = try String(contentsOfFile: sources + "/docs/serve.md", encoding: .utf8)
        let lines = document.split(separator: "\n")
        for key in SettingKey.allCases {
            let standard = key.standard.map { "`\($0)`" } ?? "-"
            let row = "| `\(key.rawValue)` | `--\(key.flag)` | `\(key.variable)` | \(standard) | "
            #expect(lines.contains { $0.hasPrefix(row) }, "\(row)")
        }
        let rows = lines.count { $0.contains("` | `--") }
        #expect(rows == SettingKey.allCases.count)
    }

    @Test(arguments: SettingKey.allCases)
    func theFlagIsRead(key: SettingKey) throws {
        let arguments = key == .reusePort ? ["--reuse-port"] : ["--\(key.flag)", key.kind.example]
        let command = try Serve.parse(arguments)
        #expect(command.flags == [key: [key.kind.example]])
    }
}

extension SettingKind {
    /// Some value.
    var example: String {
        switch self {
        case .text, .paths: "/x"
        case .count(let range): "\(range.lowerBound)"
        case .size(let range): "\(range.upperBound)"
        case .duration(let range, _): Quantity.text(of: range.upperBound)
        case .choice(let names): names.last ?? ""
        case .toggle: "on"
        case .origins: "https://example.com"
        case .ranges: "10.0.0.0/8"
        }
    }
}
