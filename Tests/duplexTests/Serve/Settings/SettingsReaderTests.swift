import Testing

@testable import duplex

@Suite struct SettingsReaderTests {
    @Test func whatComesFirstWins() throws {
        let file = try SettingsFile(json: #"{"port": 3, "threads": 3, "backlog": 3}"#)
        var reader = SettingsReader(
            flags: [.port: ["1"]], environment: ["DUPLEX_PORT": "2", "DUPLEX_THREADS": "2"], file: file)
        for (key, value, source) in [
            (SettingKey.port, 1, SettingSource.flag("port")), (.threads, 2, .variable("DUPLEX_THREADS")),
            (.backlog, 3, .file("f.json")), (.drainPace, 1000, .standard),
        ] {
            let found = try reader.value(key)
            #expect(found == .count(value))
            #expect(reader.source(key) == source)
        }
        let none = try reader.value(.tlsCert)
        #expect(none == nil)
        #expect(
            reader.entries.last == SettingEntry(key: .tlsCert, value: nil, source: .standard))
    }

    @Test func listsAreNotMixed() throws {
        let file = try SettingsFile(json: #"{"allowOrigin": ["https://file"], "trustedProxies": ["::1"]}"#)
        var reader = SettingsReader(
            flags: [.unixSocket: ["/a,b", "/c"]],
            environment: ["DUPLEX_ALLOW_ORIGIN": "https://a, https://b,", "DUPLEX_UNIX_SOCKET": "/d"], file: file)
        let (sockets, origins, proxies) = try (
            reader.value(.unixSocket), reader.value(.allowOrigin), reader.value(.trustedProxies)
        )
        #expect(sockets == .list(["/a,b", "/c"]))
        #expect(origins == .list(["https://a", "https://b"]))
        #expect(proxies == .list(["::1"]))
    }

    @Test func anEmptyVariableIsNone() throws {
        var reader = SettingsReader(
            flags: [:], environment: ["DUPLEX_PORT": "", "PORT": "9", "DUPLEX_ALLOW_ORIGIN": ""])
        let (port, origins) = try (reader.value(.port), reader.value(.allowOrigin))
        #expect(port == .count(3000))
        #expect(origins == nil)
    }

    @Test func aWrongValueIsNotPassedOver() throws {
        let file = try SettingsFile(json: #"{"port": 70000, "keepaliveInterval": 30}"#)
        for (flags, environment, message) in [
            (
                [SettingKey.port: ["x"]], ["DUPLEX_PORT": "1"],
                "port (from --port): 'x' is not a whole number from 0 to 65535"
            ),
            ([:], ["DUPLEX_PORT": "x"], "port (from DUPLEX_PORT): 'x' is not a whole number from 0 to 65535"),
            ([:], [:], "port (from f.json): '70000' is not a whole number from 0 to 65535"),
        ] {
            var reader = SettingsReader(flags: flags, environment: environment, file: file)
            let error = #expect(throws: SettingsError.self) { _ = try reader.value(.port) }
            #expect(error?.description == message)
        }
        var reader = SettingsReader(flags: [:], environment: [:], file: file)
        let error = #expect(throws: SettingsError.self) { _ = try reader.value(.keepaliveInterval) }
        #expect(
            error?.description
                == "keepaliveInterval (from f.json): '30' is not a whole number and ms, s, m or h, such as 500ms or 10s, from 1s to 24h, or 0"
        )
    }

    @Test func kubernetesSetsOurVariable() {
        var reader = SettingsReader(flags: [:], environment: ["DUPLEX_PORT": "tcp://10.0.0.1:80"])
        let error = #expect(throws: SettingsError.self) { _ = try reader.value(.port) }
        let message = error?.description ?? ""
        #expect(message.contains("enableServiceLinks"))
    }
}
