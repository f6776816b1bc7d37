import WebSocketCore

/// The machine: each byte of the input calls it once, and some hand it the bytes that follow. Whatever the order, a
/// connection closes once, says so once, and stays closed.
func checkMachine(settings: UInt16, _ input: [UInt8]) {
    var machine = WebSocketMachine(
        role: settings & 1 == 0 ? .client : .server, limits: Limits(maxMessageSize: 140),
        allowsCompression: settings & 2 != 0, closeTimeout: UInt64(settings))
    var rest = input[...]
    var written = 0
    var ended = 0
    var now: UInt64 = 0

    func perform(_ action: ClosingStateMachine.Action) {
        switch action {
        case .write(let frame), .writeAndClose(let frame), .writeAndEndOutput(let frame):
            written += 1
            require(frame == .empty || frame.code?.isAllowedOnWire == true, "sends \(frame)")
            require(frame.payloadCount <= FrameHeader.maxControlPayload, "sends \(frame)")
        case .endOutput, .close, .none: break
        }
        if case .close = action { ended += 1 }
    }

    while let step = rest.popFirst() {
        let before = machine.phase
        let closure = machine.closure
        now &+= UInt64(step)
        switch step >> 5 {
        case 0: perform(machine.close(.empty, timeout: step & 1 == 0 ? nil : .max, now: now))
        case 1: perform(machine.transportEnded())
        case 2: perform(machine.deadlineReached())
        case 3: perform(machine.fail(ProtocolError(.invalidUTF8), now: now))
        default:
            var bytes = Array(rest.prefix(Int(step & 0x7F)))
            rest = rest.dropFirst(bytes.count)
            bytes.withUnsafeMutableBytes { region in feed(&machine, region, now: now, perform) }
        }
        let after = machine.phase
        require(order(after) >= order(before), "from \(before) to \(after)")
        require((after == .closing) == (machine.deadline != nil), "deadline in \(after)")
        require((machine.deadline ?? .max) >= now || before == .closing, "deadline in the past")
        require((after == .closed) == (machine.closure != nil), "closure in \(after)")
        require(closure == nil || machine.closure == closure, "closure changed")
    }
    require(written <= 1, "\(written) Close frames sent")
    // Once for the handshake, and once for the end of the transport.
    require(ended <= 2, "closed \(ended) times")
}

private func order(_ phase: ClosingStateMachine.Phase) -> Int {
    switch phase {
    case .open: 0
    case .closing: 1
    case .closed: 2
    }
}

/// Hands one region to the machine.
private func feed(
    _ machine: inout WebSocketMachine, _ region: UnsafeMutableRawBufferPointer, now: UInt64,
    _ perform: (ClosingStateMachine.Action) -> Void
) {
    var offset = 0
    while true {
        let before = offset
        let event = machine.next(in: region, at: &offset, now: now)
        require(before <= offset && offset <= region.count, "offset from \(before) to \(offset) of \(region.count)")
        switch event {
        case .data, .ping, .pong: require(machine.phase != .closed, "\(event) when closed")
        case .needsMoreBytes: return
        case .discard:
            require(offset == region.count, "discards \(offset) of \(region.count)")
            return
        case .closing(let action):
            perform(action)
            require(machine.phase == .closing, "\(action) in \(machine.phase)")
        }
    }
}
