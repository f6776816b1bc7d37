import ArgumentParser
import RealtimeCore
import WebSocketClient

/// `duplex subscribe`: a room's messages on the command line.
struct Subscribe: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print a room's messages, by any of the ways of the rooms' protocol.",
        discussion: """
            Each message is a line of standard output: a string as its text, other JSON as it is. From where it reads, what is
            missing and why it connects again is told on standard error. When the connection is lost it goes on from the last
            message, so that none is lost or printed twice; only the first attempt is not tried again.

            Exit status: 0 after --count messages and after SIGINT or SIGTERM, gaps or not; 1 when the server refuses, or cannot
            be reached at first.

            duplex subscribe http://localhost:3000/ chat --history 10
            duplex subscribe https://example.com/ chat --transport longpolling --after 3w5e11264sg:12 --json
            """)

    @Argument(help: "The base of the rooms' paths: http://HOST[:PORT]/PATH/, https://…, ws://… or wss://…")
    var url: String

    @Argument(help: "The room's name.")
    var room: String

    @Option(help: "The way: websocket, streaming, longpolling or polling.")
    var transport = SubscribeTransport.websocket

    @Option(
        help: ArgumentHelp(
            "The position behind which to read: EPOCH:OFFSET, or an OFFSET of the room's present epoch, 0 for all that is kept.",
            valueName: "position"))
    var after: SubscribeStart?

    @Option(help: ArgumentHelp("How many of the newest messages to print first (default: 0).", valueName: "count"))
    var history: Int?

    @Option(help: ArgumentHelp("End after so many messages.", valueName: "messages"))
    var count: Int?

    /// How long polling waits unless said otherwise: 2 seconds.
    static let defaultInterval = 2.0

    @Option(help: ArgumentHelp("How long to wait between two polls.", valueName: "seconds"))
    var interval = Subscribe.defaultInterval

    @Flag(help: "Print every event as a JSON object in one line, as the protocol has it: joined, message, gap.")
    var json = false

    @OptionGroup
    var options: RoomOptions

    func validate() throws {
        if let history {
            guard history >= 0 else { throw ValidationError("--history must not be negative") }
            guard self.after == nil else { throw ValidationError("--after and --history exclude each other") }
        }
        if let count { guard count > 0 else { throw ValidationError("--count must be at least 1") } }
        guard self.interval > 0, self.interval <= 86_400 else {
            throw ValidationError("--interval must be more than 0, and at most a day")
        }
        _ = try RoomAddress(self.url, room: self.room, member: self.options.member)
    }

    func run() async throws {
        StandardStreams.ignoreBrokenPipes()
        do {
            let address = try RoomAddress(self.url, room: self.room, member: self.options.member)
            let reading = RoomReading(
                address: address, options: try self.options.dialOptions(), transport: self.transport,
                interval: .milliseconds(Int64(self.interval * 1000)))
            let output = SubscribeOutput(
                room: address.room, isJSON: self.json, isTerminal: StandardStreams.isTerminal)
            try await untilSignal { [after, history, count] in
                let position: Position? =
                    switch after {
                    case nil: nil
                    case .position(let position)?: position
                    case .offset(let offset)?: Position(epoch: try await reading.presentEpoch(), offset: offset)
                    }
                try await Subscription(reading, output, after: position, history: history ?? 0, count: count).run()
            }
        } catch let error as ValidationError {
            throw error
        } catch {
            StandardStreams.err("duplex: \(RoomFailure(error))")
            throw ExitCode(1)
        }
    }
}
