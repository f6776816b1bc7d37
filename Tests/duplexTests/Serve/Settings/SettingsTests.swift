import ArgumentParser
import HummingbirdCore
import Logging
import NIOCore
import Testing
import WebSocketDeflate
import WebSocketNIO
import WebSocketServer

@testable import duplex

@Suite struct SettingsTests {
    private func settings(_ arguments: [String], _ environment: [String: String] = [:]) throws -> Settings {
        try Serve.parse(arguments).settings(environment: environment)
    }

    @Test func defaults() {
        let settings = Settings.standard
        #expect(settings.addresses == [.hostname("127.0.0.1", port: 3000)])
        #expect(settings.threads == nil)
        #expect(settings.tls == nil)
        #expect(settings.http2 == .tls)
        #expect(settings.logLevel == .warning)
        #expect(settings.compression == .noContextTakeover)
        #expect(settings.drainReconnectAfter == nil)
        #expect(settings.shutdownTime == .seconds(14))
        #expect(settings.entries.map(\.key) == SettingKey.allCases)
        #expect(settings.echo.limits.maxMessageSize == 64 << 20)
        #expect(settings.echo.maxSendBuffer == 128 << 20)
        #expect(settings.chat.limits.maxMessageSize == 64 << 10)
        #expect(settings.chat.maxSendBuffer == ChatRoom.maxWaiting)
        let admission = settings.server(tls: nil, openFiles: 1024).admission
        #expect(admission.maxConnectionsPerAddress == AdmissionLimits.defaultMaxConnectionsPerAddress)
        #expect(admission.maxWebSocketsPerAddress == AdmissionLimits.defaultMaxWebSocketsPerAddress)
        #expect(admission.exemptAddresses == AdmissionLimits.defaultExemptAddresses)
        #expect(admission.handshakesPerSecond == AdmissionLimits.defaultHandshakesPerSecond)
        #expect(settings.echo.rates == nil)
        #expect(settings.chat.keepalive == WebSocketConfiguration.Keepalive())
        #expect(settings.origins(standard: .sameOrigin) == .sameOrigin)
        #expect(settings.origins(standard: .any) == .any)
    }

    /// Zero switches a limit off.
    @Test func noLimits() throws {
        let settings = try self.settings([
            "--max-connections-per-address", "0", "--max-web-sockets-per-address", "0", "--handshakes-per-second", "0",
        ])
        let admission = settings.server(tls: nil, openFiles: 1024).admission
        #expect(admission.maxConnectionsPerAddress == nil)
        #expect(admission.maxWebSocketsPerAddress == nil)
        #expect(admission.handshakesPerSecond == nil)
    }

    @Test func everyValueArrives() throws {
        let settings = try self.settings([
            "--host", "::", "--port", "0", "--reuse-port", "--threads", "3", "--backlog", "5", "--http2", "everywhere",
            "--max-connections", "7", "--max-connections-per-address", "8", "--handshakes-per-second", "9",
            "--handshake-timeout", "2s", "--idle-timeout", "3s", "--max-message-size", "10", "--send-buffer", "11",
            "--max-send-buffer", "12", "--receive-buffer", "13", "--messages-per-second", "14", "--bytes-per-second",
            "15",
            "--rate-action", "close", "--slow-consumers", "keep-latest", "--keepalive-interval", "4s",
            "--keepalive-timeout", "5s", "--drain-pace", "16", "--drain-window", "6s", "--drain-delay", "7s",
            "--drain-reconnect-after", "8s", "--observability", "off", "--log-level", "trace", "--compression",
            "takeover",
            "--compression-level", "1", "--compression-window-bits", "9", "--compression-threshold", "2",
            "--proxy-protocol-from", "10.0.0.0/8", "--trusted-proxies", "::1", "--trusted-proxies", "::2",
            "--forwarded-field", "forwarded", "--max-web-sockets-per-address", "17", "--exempt-addresses", "::3",
            "--scenes", "false",
        ])
        #expect(settings.addresses == [.hostname("::", port: 0)])
        #expect(settings.reusePort)
        #expect((settings.threads, settings.backlog) == (3, 5))
        #expect((settings.maxConnections, settings.maxConnectionsPerAddress, settings.handshakesPerSecond) == (7, 8, 9))
        #expect((settings.messagesPerSecond, settings.bytesPerSecond) == (14, 15))
        #expect((settings.rateAction, settings.slowConsumers) == (.close, .keepLatest))
        #expect(!settings.observability)
        #expect(!settings.scenes)
        #expect(settings.logLevel == .trace)
        #expect(settings.proxyProtocolFrom == ["10.0.0.0/8"])
        #expect(settings.trustedProxies == ["::1", "::2"])
        #expect(settings.drainDelay == .seconds(7))
        #expect(settings.shutdownTime == .seconds(17))
        let server = settings.server(tls: nil, openFiles: 1024)
        #expect(server.http2 == .everywhere)
        #expect(server.forwardedField == .forwarded)
        #expect(server.admission.maxWebSocketsPerAddress == 17)
        #expect(server.admission.exemptAddresses == [try AddressRange(parsing: "::3")])
        #expect(server.handshakeTimeout == .seconds(2))
        #expect(server.http1.idleTimeout == .seconds(3))
        #expect(server.drain == DrainPolicy(pace: 16, window: .seconds(6), reconnectAfter: .seconds(8)))
        for (configuration, limit) in [(settings.echo, 10), (settings.chat, 64 << 10)] {
            #expect(configuration.limits.maxMessageSize == limit)
            #expect((configuration.sendBuffer, configuration.maxSendBuffer) == (11, 12))
            #expect(configuration.receiveBuffer == 13)
            #expect(configuration.keepalive == .init(interval: .seconds(4), timeout: .seconds(5)))
            #expect(
                configuration.compression
                    == DeflateConfiguration(level: 1, serverMaxWindowBits: 9, clientMaxWindowBits: 9, threshold: 2))
        }
    }

    @Test func zeroSwitchesOff() throws {
        let settings = try self.settings(["--keepalive-interval", "0", "--compression", "off", "--http2", "off"])
        #expect(settings.echo.keepalive == nil)
        #expect(settings.chat.compression == nil)
        #expect(settings.server(tls: nil, openFiles: 1024).http2 == .off)
    }

    @Test func withUnixSocketsAPortIsListenedOnOnlyWhenAsked() throws {
        let sockets: [ListenAddress] = [.unixSocket(path: "/a"), .unixSocket(path: "/b")]
        let both = ["--unix-socket", "/a", "--unix-socket", "/b"]
        #expect(try self.settings(both).addresses == sockets)
        #expect(try self.settings(both + ["--port", "1"]).addresses == [.hostname("127.0.0.1", port: 1)] + sockets)
        #expect(try self.settings(both, ["DUPLEX_HOST": "::"]).addresses == [.hostname("::", port: 3000)] + sockets)
    }

    @Test func origins() throws {
        let any = try self.settings(["--allow-origin", "*"])
        #expect(any.origins(standard: .sameOrigin) == .any)
        let list = try self.settings(["--allow-origin", "https://a", "--allow-origin", "https://b"])
        #expect(list.origins(standard: .any) == .list(["https://a", "https://b"]))
    }

    @Test func theLimitOfConnectionsLeavesFilesForTheRest() throws {
        #expect(Settings.standard.connections(openFiles: 1024) == 1024 - AdmissionLimits.reservedDescriptors)
        #expect(Settings.standard.connections(openFiles: 10) == 1)
        #expect(try self.settings(["--max-connections", "5"]).connections(openFiles: 1024) == 5)
    }

    @Test func tls() throws {
        let settings = try self.settings(
            ["--tls-cert", "c", "--tls-key", "k", "--tls-client-ca", "a", "--tls-reload-interval", "0"],
            ["DUPLEX_TLS_CLIENT_CERTIFICATES": "required"])
        let tls = Settings.TLS(cert: "c", key: "k", clientCA: "a", clientCertificates: .required, reloadInterval: .zero)
        #expect(settings.tls == tls)
        #expect(tls.files == ["c", "k", "a"])
    }

    @Test(arguments: [
        (["--tls-cert", "c"], "tls.cert (from --tls-cert): it needs tls.key"),
        (["--tls-key", "k"], "tls.key (from --tls-key): it needs tls.cert"),
        (["--tls-client-ca", "a"], "tls.clientCA (from --tls-client-ca): it needs tls.cert and tls.key"),
        (
            ["--tls-client-certificates", "optional"],
            "tls.clientCertificates (from --tls-client-certificates): it needs tls.cert and tls.key"
        ),
        (
            ["--tls-cert", "c", "--tls-key", "k", "--tls-client-certificates", "required"],
            "tls.clientCertificates (from --tls-client-certificates): it needs tls.clientCA"
        ),
        (
            ["--tls-cert", "c", "--tls-key", "k", "--tls-client-ca", "a"],
            "tls.clientCA (from --tls-client-ca): it is not used while tls.clientCertificates is none"
        ),
    ])
    func tlsThatDoesNotGoTogether(arguments: [String], message: String) {
        let error = #expect(throws: SettingsError.self) { try self.settings(arguments) }
        #expect(error?.description == message)
    }

    @Test func printed() throws {
        let json = try self.settings(
            ["--unix-socket", "/a \"b\"", "--threads", "2"],
            ["DUPLEX_DRAIN_DELAY": "1500ms", "DUPLEX_SEND_BUFFER": "65536"]
        ).json
        let lines = json.split(separator: "\n")
        #expect(lines.first == "{")
        #expect(lines.last == "}")
        #expect(lines.count == SettingKey.allCases.count + 2)
        for line in [
            #"  "host": {"value": "127.0.0.1", "source": "default"},"#,
            #"  "unixSocket": {"value": ["/a \"b\""], "source": "--unix-socket"},"#,
            #"  "threads": {"value": 2, "source": "--threads"},"#,
            #"  "reusePort": {"value": false, "source": "default"},"#,
            #"  "tls.cert": {"value": null, "source": "default"},"#,
            #"  "drain.delay": {"value": "1500ms", "source": "DUPLEX_DRAIN_DELAY"},"#,
            #"  "sendBuffer": {"value": "64KiB", "source": "DUPLEX_SEND_BUFFER"},"#,
            #"  "compression.threshold": {"value": "256", "source": "default"}"#,
        ] {
            #expect(lines.contains(Substring(line)))
        }
    }
}
