import NIOCore
import NIOPosix
import WebSocketClient
import WebSocketCore
import WebSocketNIO

#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The client under test for `make bench-client`: `client-bench URL SIZE DEPTH SECONDS [handler|websocket]`.
///
/// Keeps DEPTH binary messages of SIZE bytes under way on one connection to an echo server, for SECONDS after a second to warm
/// up: each echo is answered by the next message. Prints messages/s, and the CPU time of the whole process per message.
/// `handler` (the default) is a ``WebSocketHandler``, `websocket` the browser's API.
@main
struct ClientBench {
    static let usage = "usage: client-bench URL SIZE DEPTH SECONDS [handler|websocket]\n"

    static func main() async {
        let words = Array(CommandLine.arguments.dropFirst())
        guard (4...5).contains(words.count), let size = Int(words[1]), let depth = Int(words[2]),
            let seconds = Double(words[3]), size >= 0, depth > 0, seconds > 0
        else { fail(usage, 2) }
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let tally = Tally(on: group.next(), size: size, depth: depth, seconds: seconds)
        do {
            // Held until the end: nothing else holds a `WebSocket`.
            let client: any Sendable
            switch words.count == 5 ? words[4] : "handler" {
            case "handler":
                client = try await WebSocketClient.connect(to: words[0], on: group) { Exchange(tally, $0) }
            case "websocket": client = try exchange(over: WebSocket(words[0], on: group), tally)
            default: fail(usage, 2)
            }
            let result = try await tally.result.futureResult.get()
            withExtendedLifetime(client) { print(result) }
        } catch {
            fail("client-bench: \(error)\n", 1)
        }
    }

    /// The exchange by the fastest way.
    struct Exchange: WebSocketHandler {
        let tally: Tally

        init(_ tally: Tally, _ connection: WebSocketConnection) {
            self.tally = tally
        }

        func opened(_ connection: WebSocketConnection) {
            self.tally.start()
            for _ in 0..<self.tally.depth { connection.trySend(self.tally.message) }
        }

        func received(_ bytes: ByteBuffer, as kind: WebSocketMessage.Kind, on connection: WebSocketConnection) {
            self.tally.add(bytes.readableBytes)
            connection.trySend(self.tally.message)
        }

        func closed(_ connection: WebSocketConnection, _ closure: Closure) {
            self.tally.result.fail(Failure("the connection ended: \(closure)"))
        }
    }

    /// The same exchange by the browser's API.
    static func exchange(over ws: WebSocket, _ tally: Tally) -> WebSocket {
        ws.binaryType = .arrayBuffer
        ws.onopen = { event in
            tally.start()
            for _ in 0..<tally.depth { try? event.target.send(tally.message) }
        }
        ws.onmessage = { event in
            guard case .arrayBuffer(let bytes) = event.data else { return tally.result.fail(Failure("text")) }
            tally.add(bytes.readableBytes)
            try? event.target.send(tally.message)
        }
        ws.onclose = { tally.result.fail(Failure("the connection ended: \($0.code)")) }
        return ws
    }

    static func fail(_ text: String, _ code: Int32) -> Never {
        // Not by `stderr`, a variable that any thread might change.
        _ = text.withCString { write(STDERR_FILENO, $0, strlen($0)) }
        exit(code)
    }
}

/// Why there is no result.
struct Failure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// What is counted. It belongs to the event loop; other threads see only what does not change.
final class Tally: @unchecked Sendable {
    let message: ByteBuffer
    let depth: Int
    let result: EventLoopPromise<String>
    private let size: Int
    private let seconds: Double
    private var count = 0

    init(on loop: any EventLoop, size: Int, depth: Int, seconds: Double) {
        self.message = ByteBuffer(bytes: (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7) })
        self.depth = depth
        self.result = loop.makePromise()
        self.size = size
        self.seconds = seconds
    }

    /// An echo of so many bytes has come.
    func add(_ size: Int) {
        if size != self.size { self.result.fail(Failure("an echo of \(size) bytes")) }
        self.count += 1
    }

    /// The exchange begins. Timers look at the clocks, so that no message pays for it.
    func start() {
        let loop = self.result.futureResult.eventLoop
        loop.scheduleTask(in: .seconds(1)) {
            let (count, start, cpu) = (self.count, clock(CLOCK_MONOTONIC), clock(CLOCK_PROCESS_CPUTIME_ID))
            loop.scheduleTask(in: .nanoseconds(Int64(self.seconds * 1e9))) {
                let messages = Double(self.count - count)
                guard messages > 0 else { return self.result.fail(Failure("no message came")) }
                let rate = messages / (clock(CLOCK_MONOTONIC) - start) * 1e9
                let cost = (clock(CLOCK_PROCESS_CPUTIME_ID) - cpu) / messages
                self.result.succeed("messages/s=\(Int(rate)) cpu_ns/message=\(Int(cost))")
            }
        }
    }
}

/// What a clock shows, in nanoseconds. The process's one counts all its threads, in and out of the kernel.
private func clock(_ id: clockid_t) -> Double {
    var time = timespec()
    clock_gettime(id, &time)
    return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
}
