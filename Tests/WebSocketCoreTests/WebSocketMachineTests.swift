import Testing
import WebSocketCore

struct WebSocketMachineTests {
    typealias Event = WebSocketMachine.Event

    /// Takes steps over the bytes until nothing more is to be done with them.
    private func feed(_ machine: inout WebSocketMachine, _ bytes: [UInt8], now: UInt64 = 0) -> ([Event], offset: Int) {
        var bytes = bytes
        var offset = 0
        var events: [Event] = []
        bytes.withUnsafeMutableBytes { region in
            while true {
                let event = machine.next(in: region, at: &offset, now: now)
                events.append(event)
                switch event {
                case .data, .ping, .pong: continue
                case .needsMoreBytes, .closing, .discard: return
                }
            }
        }
        return (events, offset)
    }

    private static func data(_ range: Range<Int>, _ opcode: Opcode = .text) -> Event {
        .data(
            .init(range: range, opcode: opcode, isFirst: true, isLast: true, isCompressed: false, remainingInFrame: 0))
    }

    @Test func passesOnWhatIsParsed() {
        var machine = WebSocketMachine(role: .client)
        let (events, offset) = self.feed(
            &machine, [0x81, 0x01, 0x61, 0x89, 0x01, 0x62, 0x8A, 0x00, 0x82, 0x02, 0x01, 0x02, 0x81])
        #expect(
            events == [Self.data(2..<3), .ping(5..<6), .pong(8..<8), Self.data(10..<12, .binary), .needsMoreBytes])
        #expect(offset == 12)
        #expect(machine.phase == .open)
        #expect(machine.deadline == nil)
        #expect(machine.closure == nil)
    }

    @Test func roleDecidesOnMasks() {
        var server = WebSocketMachine(role: .server)
        #expect(server.role == .server)
        let (masked, _) = self.feed(&server, [0x81, 0x81, 1, 2, 3, 4, 0x61 ^ 1])
        #expect(masked == [Self.data(6..<7), .needsMoreBytes])
        var client = WebSocketMachine(role: .client)
        let (events, _) = self.feed(&client, [0x81, 0x81, 1, 2, 3, 4, 0x61 ^ 1])
        #expect(
            events == [.closing(.writeAndEndOutput(.code(1002, "frame of a server with a mask (5.1)")))])
    }

    @Test func limitsAndCompressionAreHandedOn() {
        var limited = WebSocketMachine(role: .client, limits: Limits(maxMessageSize: 1))
        let (refused, _) = self.feed(&limited, [0x81, 0x02])
        #expect(refused == [.closing(.writeAndEndOutput(.code(1009, "frame of 2 bytes, more than 1")))])
        var deflate = WebSocketMachine(role: .client, allowsCompression: true)
        let (events, _) = self.feed(&deflate, [0xC1, 0x00])
        #expect(
            events == [
                .data(
                    .init(
                        range: 2..<2, opcode: .text, isFirst: true, isLast: true, isCompressed: true,
                        remainingInFrame: 0)),
                .needsMoreBytes,
            ])
    }

    @Test func insideFrame() {
        var machine = WebSocketMachine(role: .client)
        _ = self.feed(&machine, [0x82, 0x02, 0x01])
        #expect(machine.isInsideFrame == true)
        _ = self.feed(&machine, [0x02])
        #expect(machine.isInsideFrame == false)
    }

    // MARK: Closing

    @Test func peerCloses() {
        var machine = WebSocketMachine(role: .server, closeTimeout: 7)
        let (events, offset) = self.feed(
            &machine, mask([0x88, 0x05, 0x0F, 0xA0, 0x62, 0x79, 0x65], key: [9, 8, 7, 6]) + [0xFF, 0xFF], now: 1000)
        #expect(events == [.closing(.writeAndClose(.code(4000, "bye")))])
        #expect(offset == 11)
        #expect(machine.phase == .closing)
        #expect(machine.deadline == 1007)
        // What follows is not looked at, and does not stay with the driver.
        let (after, rest) = self.feed(&machine, [0xFF, 0xFF, 0xFF])
        #expect(after == [.discard])
        #expect(rest == 3)
        let last = machine.transportEnded()
        #expect(last == .close)
        #expect(machine.closure == Closure(code: 4000, reason: "bye", wasClean: true))
    }

    @Test func peerBreaksARule() {
        var machine = WebSocketMachine(role: .client, closeTimeout: 7)
        let (events, _) = self.feed(&machine, [0x81, 0x01, 0x61, 0x83, 0x00], now: 5)
        #expect(
            events == [Self.data(2..<3), .closing(.writeAndEndOutput(.code(1002, "reserved opcode 3 (5.2)")))])
        #expect(machine.deadline == 12)
        let (after, _) = self.feed(&machine, [0x81, 0x00])
        #expect(after == [.discard])
        let last = machine.deadlineReached()
        #expect(last == .close)
        #expect(
            machine.closure
                == Closure(code: .abnormalClosure, wasClean: false, error: ProtocolError(.reservedOpcode(3))))
    }

    @Test func thisEndCloses() {
        var machine = WebSocketMachine(role: .client, closeTimeout: 7)
        let action = machine.close(.code(1000), now: 100)
        #expect(action == .write(.code(1000)))
        #expect(machine.deadline == 107)
        #expect(machine.phase == .closing)
        // Messages are handed on until the peer's Close frame: it may have sent them before it saw ours.
        let (events, _) = self.feed(&machine, [0x81, 0x01, 0x61, 0x88, 0x00], now: 103)
        #expect(events == [Self.data(2..<3), .closing(.none)])
        #expect(machine.deadline == 107)
        let (after, _) = self.feed(&machine, [0x00])
        #expect(after == [.discard])
        _ = machine.transportEnded()
        #expect(machine.closure == Closure(code: .noStatusReceived, reason: "", wasClean: true))
    }

    @Test func peerBreaksARuleWhileClosing() {
        var machine = WebSocketMachine(role: .client)
        _ = machine.close(.code(1000), now: 0)
        let (events, _) = self.feed(&machine, [0x81, 0x01, 0xFF])
        #expect(events == [.closing(.endOutput)])
        let (after, _) = self.feed(&machine, [0x88, 0x00])
        #expect(after == [.discard])
    }

    @Test func ownTimeout() {
        var machine = WebSocketMachine(role: .server)
        _ = machine.close(.code(1001), timeout: 3, now: 100)
        #expect(machine.deadline == 103)
        var other = WebSocketMachine(role: .server)
        _ = other.close(.code(1001), now: 100)
        #expect(other.deadline == 10_000_000_100)
    }

    /// "As long as it takes" must not wrap around to a deadline in the past.
    @Test func endlessTimeout() {
        var closing = WebSocketMachine(role: .server)
        _ = closing.close(.code(1001), timeout: .max, now: 100)
        #expect(closing.deadline == .max)
        var failing = WebSocketMachine(role: .server, closeTimeout: .max)
        _ = failing.fail(ProtocolError(.invalidUTF8), now: 100)
        #expect(failing.deadline == .max)
        var receiving = WebSocketMachine(role: .client, closeTimeout: .max)
        _ = self.feed(&receiving, [0x88, 0x00], now: 100)
        #expect(receiving.deadline == .max)
    }

    @Test func failedFromOutside() {
        var machine = WebSocketMachine(role: .server, closeTimeout: 7)
        let action = machine.fail(ProtocolError(.invalidUTF8), now: 1)
        #expect(action == .writeAndEndOutput(.code(1007, "text that is not UTF-8 (8.1)")))
        #expect(machine.deadline == 8)
        let (after, _) = self.feed(&machine, [0x81])
        #expect(after == [.discard])
    }

    @Test func transportEnds() {
        var machine = WebSocketMachine(role: .server)
        let first = machine.transportEnded()
        #expect(first == .close)
        #expect(machine.phase == .closed)
        #expect(machine.closure == .abnormal)
        let (after, _) = self.feed(&machine, [0x81])
        #expect(after == [.discard])
        let second = machine.transportEnded()
        #expect(second == .none)
        let late = machine.close(.code(1000), now: 0)
        #expect(late == .none)
    }

    @Test func deadlineWithoutClosing() {
        var machine = WebSocketMachine(role: .client)
        let action = machine.deadlineReached()
        #expect(action == .none)
        let (events, _) = self.feed(&machine, [0x81, 0x00])
        #expect(events == [Self.data(2..<2), .needsMoreBytes])
    }

    @Test func deadlineWhileClosing() {
        var machine = WebSocketMachine(role: .client)
        _ = machine.close(.code(1000), now: 0)
        let action = machine.deadlineReached()
        #expect(action == .close)
        #expect(machine.closure == .abnormal)
        let (after, _) = self.feed(&machine, [0x88, 0x00])
        #expect(after == [.discard])
    }
}
