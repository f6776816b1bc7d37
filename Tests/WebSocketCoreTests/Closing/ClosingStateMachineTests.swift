import Testing
import WebSocketCore

/// The machine as a table: every state and every input, in both roles.
struct ClosingStateMachineTests {
    /// How the machine is brought into a state; the deadline is 100 in all that have one.
    enum Start: Sendable {
        case open, closeSent, closeExchanged, failed, closed

        func machine(_ role: Role) -> ClosingStateMachine {
            var machine = ClosingStateMachine(role: role)
            switch self {
            case .open: break
            case .closeSent: _ = machine.close(ours, deadline: 100)
            case .closeExchanged: _ = machine.received(theirs, deadline: 100)
            case .failed: _ = machine.fail(firstError, deadline: 100)
            case .closed:
                _ = machine.received(theirs, deadline: 100)
                _ = machine.transportEnded()
            }
            return machine
        }
    }

    enum Input: Sendable, CaseIterable {
        case close, received, receivedEmpty, fail, transportEnded, deadlineReached

        func apply(_ machine: inout ClosingStateMachine, deadline: UInt64) -> ClosingStateMachine.Action {
            switch self {
            case .close: machine.close(.code(3001, "other"), deadline: deadline)
            case .received: machine.received(.code(4002, "second"), deadline: deadline)
            case .receivedEmpty: machine.received(.empty, deadline: deadline)
            case .fail: machine.fail(ProtocolError(.invalidUTF8), deadline: deadline)
            case .transportEnded: machine.transportEnded()
            case .deadlineReached: machine.deadlineReached()
            }
        }
    }

    struct Row: Sendable {
        /// The server and the client, where they differ.
        var roles: [Role] = [.server, .client]
        var start: Start
        var input: Input
        var action: ClosingStateMachine.Action
        var phase: ClosingStateMachine.Phase
        /// The deadline afterwards, when the input comes with 50, and when it comes with 200.
        var deadlines: [UInt64?]
        /// How the connection will have ended when the transport ends next.
        var end: Closure
    }

    private static let ours = CloseFrame.code(1001, "bye")
    private static let theirs = CloseFrame.code(4000, "first")
    private static let firstError = ProtocolError(.maskMissing)

    private static let theirClosure = Closure(code: 4000, reason: "first", wasClean: true)
    private static let secondClosure = Closure(code: 4002, reason: "second", wasClean: true)
    private static let emptyClosure = Closure(code: .noStatusReceived, reason: "", wasClean: true)
    private static let failedFirst = Closure(code: .abnormalClosure, wasClean: false, error: firstError)
    private static let failedNow = Closure(code: .abnormalClosure, wasClean: false, error: ProtocolError(.invalidUTF8))

    /// The reply to a peer's close carries its code, and no reason.
    private static let reply = CloseFrame.code(4002, "second")
    private static let failure = CloseFrame.code(1007, "text that is not UTF-8 (8.1)")

    static let open: [Row] = [
        Row(
            start: .open, input: .close, action: .write(.code(3001, "other")), phase: .closing, deadlines: [50, 200],
            end: .abnormal),
        Row(
            roles: [.server], start: .open, input: .received, action: .writeAndClose(reply), phase: .closing,
            deadlines: [50, 200], end: secondClosure),
        Row(
            roles: [.client], start: .open, input: .received, action: .write(reply), phase: .closing,
            deadlines: [50, 200], end: secondClosure),
        Row(
            roles: [.server], start: .open, input: .receivedEmpty, action: .writeAndClose(.empty), phase: .closing,
            deadlines: [50, 200], end: emptyClosure),
        Row(
            roles: [.client], start: .open, input: .receivedEmpty, action: .write(.empty), phase: .closing,
            deadlines: [50, 200], end: emptyClosure),
        Row(
            start: .open, input: .fail, action: .writeAndEndOutput(failure), phase: .closing, deadlines: [50, 200],
            end: failedNow),
        Row(
            start: .open, input: .transportEnded, action: .close, phase: .closed, deadlines: [nil, nil], end: .abnormal),
        Row(
            start: .open, input: .deadlineReached, action: .none, phase: .open, deadlines: [nil, nil], end: .abnormal),
    ]

    static let closeSent: [Row] = [
        Row(
            start: .closeSent, input: .close, action: .none, phase: .closing, deadlines: [50, 100], end: .abnormal),
        Row(
            roles: [.server], start: .closeSent, input: .received, action: .close, phase: .closing,
            deadlines: [100, 100], end: secondClosure),
        Row(
            roles: [.client], start: .closeSent, input: .received, action: .none, phase: .closing,
            deadlines: [100, 100], end: secondClosure),
        Row(
            roles: [.server], start: .closeSent, input: .receivedEmpty, action: .close, phase: .closing,
            deadlines: [100, 100], end: emptyClosure),
        Row(
            roles: [.client], start: .closeSent, input: .receivedEmpty, action: .none, phase: .closing,
            deadlines: [100, 100], end: emptyClosure),
        // Our Close frame is out already, and there is only one.
        Row(
            start: .closeSent, input: .fail, action: .endOutput, phase: .closing, deadlines: [50, 100], end: failedNow),
        Row(
            start: .closeSent, input: .transportEnded, action: .close, phase: .closed, deadlines: [nil, nil],
            end: .abnormal),
        Row(
            start: .closeSent, input: .deadlineReached, action: .close, phase: .closed, deadlines: [nil, nil],
            end: .abnormal),
    ]

    /// What has been exchanged stands: nothing that comes later changes how the connection ended.
    static let closeExchanged: [Row] = [
        Row(
            start: .closeExchanged, input: .close, action: .none, phase: .closing, deadlines: [50, 100],
            end: theirClosure),
        Row(
            start: .closeExchanged, input: .received, action: .none, phase: .closing, deadlines: [100, 100],
            end: theirClosure),
        Row(
            start: .closeExchanged, input: .receivedEmpty, action: .none, phase: .closing, deadlines: [100, 100],
            end: theirClosure),
        Row(
            start: .closeExchanged, input: .fail, action: .none, phase: .closing, deadlines: [100, 100],
            end: theirClosure),
        Row(
            start: .closeExchanged, input: .transportEnded, action: .close, phase: .closed, deadlines: [nil, nil],
            end: theirClosure),
        Row(
            start: .closeExchanged, input: .deadlineReached, action: .close, phase: .closed, deadlines: [nil, nil],
            end: theirClosure),
    ]

    /// The first error counts.
    static let failed: [Row] = [
        Row(start: .failed, input: .close, action: .none, phase: .closing, deadlines: [50, 100], end: failedFirst),
        Row(start: .failed, input: .received, action: .none, phase: .closing, deadlines: [100, 100], end: failedFirst),
        Row(
            start: .failed, input: .receivedEmpty, action: .none, phase: .closing, deadlines: [100, 100],
            end: failedFirst),
        Row(start: .failed, input: .fail, action: .none, phase: .closing, deadlines: [100, 100], end: failedFirst),
        Row(
            start: .failed, input: .transportEnded, action: .close, phase: .closed, deadlines: [nil, nil],
            end: failedFirst),
        Row(
            start: .failed, input: .deadlineReached, action: .close, phase: .closed, deadlines: [nil, nil],
            end: failedFirst),
    ]

    static let closed: [Row] = Input.allCases.map { input in
        Row(start: .closed, input: input, action: .none, phase: .closed, deadlines: [nil, nil], end: theirClosure)
    }

    static let table = open + closeSent + closeExchanged + failed + closed

    @Test(arguments: table)
    func row(_ row: Row) {
        for role in row.roles {
            for (deadline, expected) in zip([50, 200] as [UInt64], row.deadlines) {
                var machine = row.start.machine(role)
                let action = row.input.apply(&machine, deadline: deadline)
                #expect(action == row.action, "\(role)")
                #expect(machine.phase == row.phase, "\(role)")
                #expect(machine.deadline == expected, "\(role), input with \(deadline)")
                #expect(machine.closure == (row.phase == .closed ? row.end : nil), "\(role)")

                let last = machine.transportEnded()
                #expect(last == (row.phase == .closed ? .none : .close), "\(role)")
                #expect(machine.phase == .closed)
                #expect(machine.deadline == nil)
                #expect(machine.closure == row.end, "\(role)")
            }
        }
    }

    /// The table has each pair of state and input once in each role.
    @Test func tableIsWhole() {
        let cells = Self.table.flatMap { row in row.roles.map { "\(row.start) \(row.input) \($0)" } }
        #expect(cells.count == 5 * 6 * 2)
        #expect(Set(cells).count == cells.count)
    }

    /// Until the peer's Close frame, or its first error.
    @Test(arguments: [
        (Start.open, true), (.closeSent, true), (.closeExchanged, false), (.failed, false), (.closed, false),
    ])
    func whatIsStillParsed(start: Start, expected: Bool) {
        for role in [Role.server, .client] {
            let machine = start.machine(role)
            #expect(machine.isParsing == expected, "\(role)")
        }
    }

    /// Whatever the peer does or breaks, what goes out is empty or a code that may be sent: never 1005 or 1006.
    @Test(arguments: [Role.server, .client])
    func onlyAllowedCodesAreSent(role: Role) throws {
        var sent: [CloseFrame] = []
        func note(_ action: ClosingStateMachine.Action) {
            switch action {
            case .write(let frame), .writeAndClose(let frame), .writeAndEndOutput(let frame): sent.append(frame)
            case .none, .endOutput, .close: break
            }
        }
        for (code, _) in ProtocolErrorTests.all {
            var machine = ClosingStateMachine(role: role)
            note(machine.fail(ProtocolError(code), deadline: 1))
        }
        for payload in [[], [0x03, 0xE8], [0x03, 0xF6, 0x61], [0x0B, 0xB8], [0x13, 0x87]] as [[UInt8]] {
            var machine = ClosingStateMachine(role: role)
            note(machine.received(try CloseFrame.parse(payload), deadline: 1))
        }
        #expect(sent.count == ProtocolErrorTests.all.count + 5)
        for frame in sent {
            #expect(frame == .empty || frame.code?.isAllowedOnWire == true)
            #expect(frame.payloadCount <= 125)
        }
    }
}
