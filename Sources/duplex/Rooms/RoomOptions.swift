import ArgumentParser
import HTTPTypes
import WebSocketClient
import WebSocketNIO

/// What `duplex subscribe` and `duplex publish` have in common: who asks, and the way to the server.
struct RoomOptions: ParsableArguments {
    @Option(
        name: .customLong("as"),
        help: ArgumentHelp(
            "Who asks: a name that `duplex serve` believes. Other servers look at a header or a cookie.",
            valueName: "name"))
    var member: String?

    @Option(
        name: [.customLong("header"), .customShort("H")], help: "A header field to send, 'Name: value'; repeatable.")
    var headers: [String] = []

    @OptionGroup(title: "The way to the server")
    var reaching: ReachingOptions

    /// How long nothing may come over a WebSocket until it is asked whether it is still there: 25 seconds, by docs/protocol.md.
    static let pingInterval = Duration.seconds(25)
    /// How long its answer may take: 10 seconds.
    static let pingTimeout = Duration.seconds(10)

    /// How to connect.
    ///
    /// - Throws: `ValidationError` for a bad option, `DialError` for the proxy.
    func dialOptions() throws -> DialOptions {
        var options = DialOptions(
            fields: try HTTPFields(headers: self.headers),
            configuration: .init(
                keepalive: .init(interval: RoomOptions.pingInterval, timeout: RoomOptions.pingTimeout)))
        try self.reaching.apply(to: &options)
        return options
    }
}

extension HTTPFields {
    /// Fields as they are given on a command line.
    ///
    /// - Throws: `ValidationError` for what is not `Name: value`.
    init(headers: [String]) throws {
        self.init()
        for header in headers {
            let parts = header.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, let name = HTTPField.Name(String(parts[0])) else {
                throw ValidationError("'\(header)' is not 'Name: value'")
            }
            self.append(HTTPField(name: name, value: parts[1].trimmingPrefix { $0.isWhitespace }.description))
        }
    }
}
