package import NIOCore
import NIOPosix

/// One end of a TCP connection that sends and expects literal bytes.
package final class RawConnection: Sendable {
    /// The peer ended its side before what was expected had arrived.
    package struct Ended: Error {
        package var received: String
    }

    /// An HTTP answer, as it came.
    package struct Answer: Sendable {
        package var head: String
        package var body: String

        package init(head: String, body: String) {
            self.head = head
            self.body = body
        }

        /// The status line's number.
        package var status: Int { Int(self.head.split(separator: " ").dropFirst().first ?? "") ?? 0 }

        /// The values of the fields with this name, whatever its case.
        package func values(_ name: String) -> [String] {
            self.head.split(separator: "\r\n").dropFirst().compactMap { line in
                let parts = line.split(separator: ":", maxSplits: 1)
                guard parts.count == 2, parts[0].lowercased() == name.lowercased() else { return nil }
                return String(parts[1].drop { $0 == " " })
            }
        }
    }

    package let channel: any Channel
    private let collector: NIOLoopBound<Collector>

    fileprivate init(_ channel: any Channel, _ collector: Collector) {
        self.channel = channel
        self.collector = NIOLoopBound(collector, eventLoop: channel.eventLoop)
    }

    /// Connects to a port of this machine, and closes the connection behind the closure.
    package static func with<T: Sendable>(
        port: Int, _ body: (RawConnection) async throws -> T
    ) async throws -> T {
        let connection = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture { try RawConnection.adopt(channel) }
            }
        do {
            let result = try await body(connection)
            connection.close()
            return result
        } catch {
            connection.close()
            throw error
        }
    }

    /// Takes a new channel over. On its event loop.
    package static func adopt(_ channel: any Channel) throws -> RawConnection {
        let collector = Collector()
        try channel.pipeline.syncOperations.addHandler(collector)
        return RawConnection(channel, collector)
    }

    // MARK: Sending

    package func send(_ text: String) async throws {
        try await self.channel.writeAndFlush(ByteBuffer(string: text))
    }

    package func send(_ bytes: [UInt8]) async throws {
        try await self.channel.writeAndFlush(ByteBuffer(bytes: bytes))
    }

    /// Ends the writing side.
    package func endOutput() async throws {
        try await self.channel.close(mode: .output)
    }

    package func close() {
        self.channel.close(promise: nil)
    }

    // MARK: Expecting

    /// The next bytes, so many.
    package func read(_ count: Int) async throws -> [UInt8] {
        try await self.take { bytes, _ in bytes.count >= count ? count : nil }
    }

    /// Everything until the peer ends its side or the connection.
    package func readToEnd() async throws -> [UInt8] {
        try await self.take { bytes, isEnded in isEnded ? bytes.count : nil }
    }

    /// The head of an HTTP message, with the empty line.
    package func readHead() async throws -> String {
        let bytes = try await self.take { bytes, _ in
            bytes.indices.first { bytes[...$0].suffix(4).elementsEqual("\r\n\r\n".utf8) }.map { $0 + 1 }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// An HTTP answer with the body that its Content-Length tells.
    package func readAnswer() async throws -> Answer {
        var answer = Answer(head: try await self.readHead(), body: "")
        let length = answer.values("Content-Length").first.flatMap { Int($0) } ?? 0
        answer.body = String(decoding: try await self.read(length), as: UTF8.self)
        return answer
    }

    /// The next chunk of an answer that comes in chunks (RFC 9112, section 7.1); an empty one is its end.
    package func readChunk() async throws -> String {
        let line = try await self.take { bytes, _ in
            bytes.indices.first { bytes[...$0].suffix(2).elementsEqual("\r\n".utf8) }.map { $0 + 1 }
        }
        guard let size = Int(String(decoding: line.dropLast(2), as: UTF8.self), radix: 16) else {
            throw Ended(received: String(decoding: line, as: UTF8.self))
        }
        return String(decoding: try await self.read(size + 2).dropLast(2), as: UTF8.self)
    }

    /// An HTTP answer that is the last thing on its connection.
    package func readLastAnswer() async throws -> Answer {
        let answer = try await self.readAnswer()
        let rest = try await self.readToEnd()
        guard rest.isEmpty else { throw Ended(received: String(decoding: rest, as: UTF8.self)) }
        return answer
    }

    private func take(_ match: @escaping @Sendable ([UInt8], Bool) -> Int?) async throws -> [UInt8] {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<[UInt8], any Error>) in
                self.channel.eventLoop.execute {
                    self.collector.value.wait(match, continuation)
                }
            }
        } onCancel: {
            self.channel.eventLoop.execute { self.collector.value.end() }
        }
    }
}

/// Keeps what arrives until somebody wants it.
private final class Collector: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private var bytes: [UInt8] = []
    private var isEnded = false
    private var waiter: (match: ([UInt8], Bool) -> Int?, continuation: CheckedContinuation<[UInt8], any Error>)?

    func wait(
        _ match: @escaping ([UInt8], Bool) -> Int?, _ continuation: CheckedContinuation<[UInt8], any Error>
    ) {
        precondition(self.waiter == nil, "one waits at a time")
        self.waiter = (match, continuation)
        self.check()
    }

    func end() {
        self.isEnded = true
        self.check()
    }

    private func check() {
        guard let (match, continuation) = self.waiter else { return }
        if let count = match(self.bytes, self.isEnded) {
            self.waiter = nil
            let taken = Array(self.bytes.prefix(count))
            self.bytes.removeFirst(count)
            continuation.resume(returning: taken)
        } else if self.isEnded {
            self.waiter = nil
            let received = String(decoding: self.bytes, as: UTF8.self)
            continuation.resume(throwing: RawConnection.Ended(received: received))
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        self.bytes += self.unwrapInboundIn(data).readableBytesView
        self.check()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed = event { self.end() }
    }

    func channelInactive(context: ChannelHandlerContext) { self.end() }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { self.end() }
}
