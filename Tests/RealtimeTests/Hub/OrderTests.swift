import Foundation
import RealtimeCore
import Testing

@testable import Realtime

/// Whatever the loops, the readers and their sockets do: every reader sees every message once, in order, or is told of a gap.
@Suite(.timeLimit(.minutes(1))) struct OrderTests {
    /// A reader, and what it should have seen.
    private final class Reader {
        let client: HubClient
        let connection: FakeConnection
        let loop: FakeLoop
        var offset: UInt64?
        var epoch = ""
        var gaps = 0
        var seen = 0

        init(_ client: HubClient, _ connection: FakeConnection, _ loop: FakeLoop) {
            (self.client, self.connection, self.loop) = (client, connection, loop)
        }

        private static func number(_ name: String, in text: String) -> UInt64? {
            text.range(of: "\"\(name)\":").flatMap { UInt64(text[$0.upperBound...].prefix { $0.isNumber }) }
        }
        private static func word(_ name: String, in text: String) -> String {
            text.range(of: "\"\(name)\":\"").map { String(text[$0.upperBound...].prefix { $0 != "\"" }) } ?? ""
        }

        /// Looks at what has come; false if it does not fit.
        func check(isLossy: Bool) -> Bool {
            for text in self.connection.take() {
                let epoch = Self.word("epoch", in: text)
                switch Self.word("type", in: text) {
                case "joined":
                    (self.epoch, self.offset) = (epoch, Self.number("offset", in: text))
                case "gap":
                    (self.epoch, self.offset) = (epoch, Self.number("offset", in: text))
                    self.gaps += 1
                case "message":
                    guard let offset = Self.number("offset", in: text), let last = self.offset, epoch == self.epoch,
                        isLossy ? offset > last : offset == last + 1, Self.number("data", in: text) == offset
                    else { return false }
                    self.offset = offset
                    self.seen += 1
                default: break
                }
            }
            return true
        }
    }

    private func play(_ policy: SlowReaderPolicy, kept: Int, seed: UInt64, keys: Bool = false) throws -> (
        gaps: Int, seen: Int
    ) {
        var random = Seeded(state: seed)
        let room = try RoomName("a")
        let configuration = HubConfiguration(
            policy: { _ in
                RoomPolicy(
                    settings: RoomSettings(log: LogLimits(maxCount: kept)), slowReaders: policy, publishRate: nil)
            })
        let rooms = MemoryRooms(settings: { configuration.policy($0).settings })
        let hub = RealtimeHub(configuration: configuration, broker: rooms, presence: rooms)
        let loops = (0..<3).map { _ in FakeLoop() }
        var readers: [Reader] = []
        var published = 0
        for step in 0..<1500 {
            switch Int.random(in: 0..<12, using: &random) {
            case 0 where readers.count < 12:
                let (connection, loop) = (FakeConnection(), loops.randomElement(using: &random)!)
                let client = hub.connect(connection, on: loop, as: Identity(member: try MemberID("m\(step)")))
                client.say(#"{"type":"join","room":"a","history":\#(Int.random(in: 0..<5, using: &random))}"#)
                readers.append(Reader(client, connection, loop))
            case 1 where readers.count > 3:
                let reader = readers.remove(at: Int.random(in: 0..<readers.count, using: &random))
                reader.client.closed()
            case 2:
                readers.randomElement(using: &random)?.connection.room = Int.random(in: -1..<4, using: &random)
            case 3:
                if let reader = readers.randomElement(using: &random) {
                    reader.connection.room = .max
                    reader.client.drained()
                }
            case 4...7:
                for _ in 0..<Int.random(in: 1..<6, using: &random) {
                    published += 1
                    let key = keys ? try MessageKey("k\(published % 3)") : nil
                    rooms.publish(NewMessage(data: Array("\(published)".utf8), key: key), in: room) { _ in }
                }
            default:
                loops.randomElement(using: &random)!.turn()
            }
            for reader in readers { #expect(reader.check(isLossy: keys), "seed \(seed), step \(step)") }
        }
        // Everybody catches up.
        for _ in 0..<3 {
            for reader in readers {
                reader.connection.room = .max
                reader.client.drained()
            }
            for _ in 0..<50 { for loop in loops { loop.run() } }
        }
        for reader in readers {
            #expect(reader.check(isLossy: keys), "seed \(seed)")
            #expect(reader.offset == UInt64(published), "seed \(seed)")
            reader.client.closed()
        }
        #expect(hub.inUse(room) == nil)
        return (readers.reduce(0) { $0 + $1.gaps }, readers.reduce(0) { $0 + $1.seen })
    }

    @Test func allInOrder() throws {
        for seed in 1...25 {
            let (gaps, seen) = try self.play(.catchUp, kept: 100_000, seed: UInt64(seed))
            #expect(gaps == 0 && seen > 0)
        }
    }

    /// With little history, who is slow misses something, and is told.
    @Test func gapsAreTold() throws {
        var gaps = 0
        for seed in 1...25 { gaps += try self.play(.catchUp, kept: 5, seed: UInt64(seed)).gaps }
        #expect(gaps > 0)
    }

    @Test func skipping() throws {
        var gaps = 0
        for seed in 1...25 { gaps += try self.play(.skip, kept: 1000, seed: UInt64(seed)).gaps }
        #expect(gaps > 0)
    }

    @Test func latestPerKey() throws {
        for seed in 1...25 { _ = try self.play(.latestPerKey, kept: 1000, seed: UInt64(seed), keys: true) }
    }
}

/// The same numbers each time.
struct Seeded: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = self.state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
