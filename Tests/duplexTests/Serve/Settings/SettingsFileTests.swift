import Testing

@testable import duplex

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

@Suite struct SettingsFileTests {
    @Test func typesOfValues() throws {
        let file = try SettingsFile(
            json: """
                {"host": "::", "port": 80, "reusePort": true, "maxMessageSize": 65536, "sendBuffer": "64KiB", "drain": {"delay": 0},
                 "allowOrigin": ["https://a", "https://b"], "unixSocket": "/run/x", "threads": null,
                 "tls": {"cert": "c", "clientCertificates": "none"}, "compression.level": 9}
                """)
        #expect(
            file.values == [
                .host: ["::"], .port: ["80"], .reusePort: ["on"], .maxMessageSize: ["65536"], .sendBuffer: ["64KiB"],
                .drainDelay: ["0"], .allowOrigin: ["https://a", "https://b"], .unixSocket: ["/run/x"], .tlsCert: ["c"],
                .tlsClientCertificates: ["none"], .compressionLevel: ["9"],
            ])
    }

    @Test(arguments: [
        (#"{"prot": 1}"#, "f.json: there is no setting prot; the nearest is port"),
        (#"{"tls": {"certt": "x"}}"#, "f.json: there is no setting tls.certt; the nearest is tls.cert"),
        (#"{"Port": 1}"#, "f.json: there is no setting Port; the nearest is port"),
        (#"{"tls": "x"}"#, "tls (from f.json): it has to be an object"),
        (#"{"port": {"number": 1}}"#, "port (from f.json): it has to be a whole number from 0 to 65535"),
        (#"{"port": true}"#, "port (from f.json): it has to be a whole number from 0 to 65535"),
        (#"{"port": [80]}"#, "port (from f.json): it has to be a whole number from 0 to 65535"),
        (#"{"host": 1}"#, "host (from f.json): it has to be some text"),
        (#"{"reusePort": 1}"#, "reusePort (from f.json): it has to be on or off"),
        (#"{"unixSocket": [1]}"#, "unixSocket (from f.json): it has to be a list, each a path"),
        (#"{"tls": {"cert": "a"}, "tls.cert": "b"}"#, "f.json: it has tls.cert twice"),
        ("[]", "f.json: it is not a JSON object"),
        ("{", "f.json: it is not JSON"),
        ("", "f.json: it is not JSON"),
    ])
    func errors(json: String, message: String) {
        let error = #expect(throws: SettingsError.self) { try SettingsFile(json: json) }
        #expect(error?.description == message)
    }

    @Test func aFileThatIsNotThere() {
        let error = #expect(throws: SettingsError.self) { try SettingsFile(path: "/nowhere/f.json") }
        #expect(error?.description == "/nowhere/f.json: there is no such file")
        let folder = #expect(throws: SettingsError.self) { try SettingsFile(path: "/") }
        #expect(folder?.description == "/: it cannot be read")
    }
}

extension SettingsFile {
    init(json: String) throws(SettingsError) {
        try self.init(path: "f.json", data: Data(json.utf8))
    }
}
