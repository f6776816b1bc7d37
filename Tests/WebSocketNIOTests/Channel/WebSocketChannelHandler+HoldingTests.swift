import NIOCore
import NIOEmbedded
import Testing
import WebSocketCore
import WebSocketDeflate

@testable import WebSocketNIO

/// Slow consumers: what becomes of messages to a peer that does not keep up.
struct WebSocketChannelHandlerHoldingTests {
    private static func configuration(
        _ policy: SlowConsumerPolicy, max: Int = 1000, compression: DeflateConfiguration? = nil
    ) -> WebSocketConfiguration {
        WebSocketConfiguration(sendBuffer: 500, maxSendBuffer: max, slowConsumers: policy, compression: compression)
    }

    private func setWritable(_ it: Embedded, _ isWritable: Bool) {
        it.channel.isWritable = isWritable
        it.channel.pipeline.fireChannelWritabilityChanged()
    }

    private func texts(_ it: Embedded) throws -> [String] {
        try it.frames().filter { $0.opcode == .text }.map { String(decoding: $0.payload, as: UTF8.self) }
    }

    /// A message of 100 bytes, of which a backlog of 1000 bytes takes six.
    private func text(_ number: Int) -> String { "\(number)".padding(to: 100) }

    // MARK: Each policy

    @Test func dropNewest() throws {
        let it = try Embedded(configuration: Self.configuration(.dropNewest))
        self.setWritable(it, false)
        it.handler.hot.pointee.heldBytes = 900
        #expect(it.connection.trySend(self.text(0)) == .slow)
        #expect(it.connection.trySend(self.text(1)) == .dropped)
        #expect(it.connection.droppedMessages == 1)
        #expect(it.handler.loop.statistics.pointee.dropped == 1)
    }

    @Test func dropOldest() throws {
        let it = try Embedded(configuration: Self.configuration(.dropOldest))
        self.setWritable(it, false)
        for number in 0..<20 { #expect(it.connection.trySend(self.text(number)) == .slow) }
        #expect(it.connection.bufferedAmount <= 1000 + HeldMessage.overhead)
        #expect(try self.texts(it) == [])
        self.setWritable(it, true)
        let kept = try self.texts(it)
        #expect(kept == (20 - kept.count..<20).map { self.text($0) })
        #expect(kept.count >= 5)
        #expect(it.connection.droppedMessages == 20 - kept.count)
        #expect(it.connection.bufferedAmount == 0)
        // And from now on nothing waits.
        #expect(it.connection.trySend("now") == .sent)
        #expect(try self.texts(it) == ["now"])
    }

    @Test func keepLatest() throws {
        let it = try Embedded(configuration: Self.configuration(.keepLatest))
        self.setWritable(it, false)
        for round in 0..<50 {
            for key in 0..<3 { it.connection.trySend("\(key): \(round)", key: key) }
        }
        it.connection.trySend("no key")
        self.setWritable(it, true)
        #expect(try self.texts(it) == ["0: 49", "1: 49", "2: 49", "no key"])
        #expect(it.connection.droppedMessages == 147)
        // What is on its way is not replaced.
        it.connection.trySend("0: a", key: 0)
        it.connection.trySend("0: b", key: 0)
        #expect(try self.texts(it) == ["0: a", "0: b"])
    }

    @Test func disconnect() throws {
        let it = try Embedded(configuration: Self.configuration(.disconnect(.tryAgainLater)))
        self.setWritable(it, false)
        it.handler.hot.pointee.heldBytes = 950
        #expect(it.connection.trySend(self.text(0)) == .closed)
        #expect(it.connection.readyState == .closing)
        let close = try it.frames().last
        #expect(close?.code == 1013)
        #expect(close?.payload == Array("too slow".utf8))
    }

    /// Sending and closing write nothing before they return: a write can end other connections, and their handlers would be told within
    /// a call that may hold a lock.
    @Test(arguments: [false, true]) func nothingIsWrittenWithinACall(isClosing: Bool) throws {
        let it = try Embedded(configuration: Self.configuration(.disconnect(.tryAgainLater)))
        self.setWritable(it, false)
        it.connection.trySend("waits")
        it.handler.hot.pointee.heldBytes = 950
        if isClosing {
            try it.connection.startClosing(code: .tryAgainLater)
        } else {
            WebSocketConnection.broadcast(self.text(0), to: [it.connection])
        }
        #expect(try it.channel.readOutbound(as: ByteBuffer.self) == nil)
        #expect(try it.frames().last?.code == 1013)
    }

    // MARK: What is exempt

    /// Pings are answered as ever, and the Close frame comes behind what waits.
    @Test func controlFrames() throws {
        let it = try Embedded(configuration: Self.configuration(.dropOldest))
        self.setWritable(it, false)
        for number in 0..<3 { it.connection.trySend(self.text(number)) }
        try it.receive(frame(.ping, [7]))
        #expect(try it.frames() == [])
        try it.connection.startClosing()
        let frames = try it.frames()
        #expect(frames.filter { $0.opcode == .text }.count == 3)
        #expect(frames.last?.opcode == .close)
    }

    /// What `send` sends is never dropped, and stays in its place.
    @Test func waitingSends() throws {
        let it = try Embedded(configuration: Self.configuration(.dropOldest))
        self.setWritable(it, false)
        it.connection.trySend(self.text(0))
        it.handler.enqueueMessage(.text, ByteBuffer(string: "kept"), compress: true)
        for number in 1..<20 { it.connection.trySend(self.text(number)) }
        self.setWritable(it, true)
        let kept = try self.texts(it)
        #expect(kept.first == "kept")
        #expect(kept.dropFirst() == (20 - kept.count + 1..<20).map { self.text($0) }[...])
    }

    /// When nothing that waits may be dropped, the new one is.
    @Test func nothingToDrop() throws {
        let it = try Embedded(configuration: Self.configuration(.dropOldest))
        self.setWritable(it, false)
        it.handler.enqueueMessage(.text, ByteBuffer(string: String(repeating: "x", count: 2000)), compress: true)
        #expect(it.connection.trySend("new") == .dropped)
        self.setWritable(it, true)
        #expect(try self.texts(it).map(\.count) == [2000])
    }

    /// The bytes of a broadcast are held once, however many wait for them.
    @Test func broadcastsAreShared() throws {
        let its = try (0..<3).map { _ in try Embedded(configuration: Self.configuration(.keepLatest)) }
        for it in its { self.setWritable(it, false) }
        for round in 0..<5 {
            WebSocketConnection.broadcast("round \(round)", to: its.map(\.connection), key: 1)
        }
        for it in its {
            self.setWritable(it, true)
            #expect(try self.texts(it) == ["round 4"])
            #expect(it.connection.droppedMessages == 4)
        }
    }

    // MARK: Against a model

    /// With context takeover the peer has to be able to read what arrives: what was dropped must not have been compressed.
    @Test(arguments: [SlowConsumerPolicy.dropOldest, .keepLatest], [false, true])
    func random(policy: SlowConsumerPolicy, isCompressed: Bool) throws {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<20 {
            let deflate = DeflateConfiguration(serverContextTakeover: true, threshold: 0)
            let agreement =
                isCompressed
                ? PerMessageDeflate(answering: [WebSocketExtension("permessage-deflate")], configuration: deflate) : nil
            let it = try Embedded(
                configuration: Self.configuration(policy, compression: isCompressed ? deflate : nil),
                compression: agreement)
            let peer = Peer()
            var (number, sent, isWritable) = (0, 0, true)
            var received: [(number: Int, key: Int)] = []
            func read() throws {
                for frame in try it.frames() {
                    let bytes = frame.isCompressed ? try #require(peer.inflate(frame.payload)).bytes : frame.payload
                    let parts = String(decoding: bytes, as: UTF8.self).split(separator: " ")
                    received.append((Int(parts[0])!, Int(parts[1])!))
                }
            }
            var last: [Int: Int] = [:]
            for _ in 0..<400 {
                switch Int.random(in: 0..<10, using: &random) {
                case 0:
                    isWritable.toggle()
                    self.setWritable(it, isWritable)
                case 1: try read()
                default:
                    let key = Int.random(in: 0..<4, using: &random)
                    let padding = String(repeating: "x", count: Int.random(in: 0..<120, using: &random))
                    let result = it.connection.trySend("\(number) \(key) \(padding)", key: key)
                    #expect(result != .closed && result != .full)
                    if result != .dropped { last[key] = number }
                    number += 1
                    sent += 1
                    // What is not flushed yet has no place of its own.
                    it.channel.embeddedEventLoop.run()
                }
                #expect(it.connection.bufferedAmount <= 1000 + 200)
            }
            self.setWritable(it, true)
            try read()
            // Nothing is lost but what was counted, and nothing comes twice.
            #expect(received.count + it.connection.droppedMessages == sent)
            #expect(Set(received.map(\.number)).count == received.count)
            switch policy {
            case .keepLatest:
                // Of each key, in order, and the last one of all.
                for key in 0..<4 {
                    let numbers = received.filter { $0.key == key }.map(\.number)
                    #expect(numbers == numbers.sorted())
                    #expect(numbers.last == last[key])
                }
            default:
                #expect(received.map(\.number) == received.map(\.number).sorted())
                #expect(received.last?.number == number - 1)
            }
        }
    }
}

extension String {
    fileprivate func padding(to count: Int) -> String {
        self + String(repeating: ".", count: count - self.count)
    }
}
