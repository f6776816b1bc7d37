import ArgumentParser
import Realtime
import RealtimeCore

/// `duplex publish`: messages to a room from the command line.
struct Publish: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Publish a message to a room, or each line of standard input as one.",
        discussion: """
            The position of each message is printed, EPOCH:OFFSET, when it is stored. A message whose answer does not come is
            published again with the same id, so that it is stored once; only the first attempt of all is not tried again.
            A message is always stored behind the newest one.

            Exit status: 0 when all are stored, and after SIGINT or SIGTERM; 1 when one is refused, or the server cannot be reached.

            duplex publish http://localhost:3000/ chat 'hello'
            duplex publish http://localhost:3000/ chat --data-json '{"text":"hello"}' --as ann
            tail -f log | duplex publish http://localhost:3000/ log
            """)

    @Argument(help: "The base of the rooms' paths: http://HOST[:PORT]/PATH/, https://…, ws://… or wss://…")
    var url: String

    @Argument(help: "The room's name.")
    var room: String

    @Argument(
        help: "What the message says, as a string; without it, or for '-', each line of standard input is a message.")
    var text: String?

    @Option(name: .customLong("data-json"), help: ArgumentHelp("What the message says, any JSON.", valueName: "json"))
    var json: String?

    @Flag(name: .customLong("lines-json"), help: "Each line of standard input is any JSON.")
    var linesAreJSON = false

    @Option(
        name: .customLong("message-key"),
        help: ArgumentHelp(
            "What the message is about: a newer one takes its place for readers that are too slow.", valueName: "key"))
    var key: String?

    @Option(
        name: .customLong("message-id"),
        help: ArgumentHelp(
            "The message's id, to publish it again without storing it twice; made up if none is given.", valueName: "id"
        ))
    var id: String?

    @Option(help: "The way: websocket or http; the names of the ways that only read mean http.")
    var transport = PublishTransport.websocket

    @Option(help: .hidden)
    var after: String?

    @OptionGroup
    var options: RoomOptions

    /// How long a message is published again when no answer comes: 260 seconds from its first attempt to the beginning of the last
    /// one. Servers know an id for five minutes, and later it could be stored twice; until an attempt sends, connecting, the handshake
    /// and `welcome` may take 10 seconds each.
    static let maxRetrying = Duration.seconds(260)

    private var readsLines: Bool { self.json == nil && (self.text ?? "-") == "-" }

    func validate() throws {
        guard self.after == nil else {
            throw ValidationError("--after is for reading: a message is always stored behind the newest one")
        }
        guard self.json == nil || self.text == nil else {
            throw ValidationError("TEXT and --data-json exclude each other")
        }
        guard !self.linesAreJSON || self.readsLines else {
            throw ValidationError("--lines-json is for standard input")
        }
        guard self.id == nil || !self.readsLines else { throw ValidationError("--message-id is for one message") }
        _ = try RoomAddress(self.url, room: self.room, member: self.options.member)
        _ = try self.draft(Publish.made("", 0))
        if let json { _ = try Publish.data(json, isJSON: true) }
    }

    func run() async throws {
        StandardStreams.ignoreBrokenPipes()
        let member = self.options.member ?? Publish.guest(for: self.id)
        do {
            let address = try RoomAddress(self.url, room: self.room, member: member)
            let options = try self.options.dialOptions()
            let prefix = String(UInt64.random(in: .min ... .max), radix: 36)
            try await untilSignal { [self] in
                try await self.publish(
                    RoomPublishing(address: address, options: options, isHTTP: self.transport.isHTTP), prefix)
            }
        } catch let error as ValidationError {
            throw error
        } catch {
            StandardStreams.err("duplex: \(RoomFailure(error))")
            throw ExitCode(1)
        }
    }

    private func publish(_ publishing: RoomPublishing, _ prefix: String) async throws {
        var attempts = PublishAttempts(publishing)
        guard self.readsLines else {
            var draft = try self.draft(self.id ?? Publish.made(prefix, 0))
            draft.data = try Publish.data(self.json ?? self.text ?? "", isJSON: self.json != nil)
            _ = StandardStreams.out("\(try await attempts.publish(draft))")
            return await attempts.close()
        }
        let input = StandardInput()
        try await withTaskCancellationHandler {
            var number: UInt64 = 0
            while let line = await input.next() {
                if self.linesAreJSON, line.allSatisfy(\.isWhitespace) { continue }
                number += 1
                var draft = try self.draft(Publish.made(prefix, number))
                do {
                    draft.data = try Publish.data(line, isJSON: self.linesAreJSON)
                } catch {
                    throw RoomFailure("line \(number): \(error)")
                }
                guard StandardStreams.out("\(try await attempts.publish(draft))") else { break }
            }
            try Task.checkCancellation()
            await attempts.close()
        } onCancel: {
            input.stop()
        }
    }

    /// A name for who has none. Ids count for a member: it must be the same in all attempts, also in those of another process.
    static func guest(for id: String?) -> String {
        guard let id else { return "guest-" + String(UInt64.random(in: .min ... .max), radix: 36) }
        // FNV-1a
        let hash = id.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        return "guest-" + String(hash, radix: 36)
    }

    private static func made(_ prefix: String, _ number: UInt64) -> String { "\(prefix)-\(number)" }

    /// A message that says nothing yet.
    private func draft(_ id: String) throws -> RoomDraft {
        do {
            return RoomDraft(
                data: .emptyObject, key: try self.key.map { try MessageKey($0) }, id: try MessageID(self.id ?? id))
        } catch {
            throw ValidationError("\(error)")
        }
    }

    /// What a message says.
    static func data(_ text: String, isJSON: Bool) throws -> JSONText {
        do {
            if isJSON { return try JSONText(checking: Array(text.utf8)) }
            var writer = JSONWriter(capacity: text.utf8.count + 16)
            writer.string(text)
            return try JSONText(checking: writer.bytes)
        } catch {
            throw ValidationError("\(error)")
        }
    }
}
