import Foundation
import NIOCore
import Synchronization
import UnixSignals
import WebSocketClient
import WebSocketCore
import WebSocketNIO

/// What `duplex connect` does, from the first attempt to the end: input to the peer, messages to the output.
final class Conversation: Sendable {
    private let socket: ReconnectingWebSocket
    private let output: ConnectOutput
    private let files: [String]
    private let takesCommands: Bool
    private let input = StandardInput()
    /// Somebody is there to send to.
    private let isOpen: AsyncStream<Void>
    private let last = LastConnection()

    /// The connection that was up last.
    private final class LastConnection: Sendable {
        private let connection = Mutex<WebSocketConnection?>(nil)

        var value: WebSocketConnection? {
            get { self.connection.withLock { $0 } }
            set { self.connection.withLock { $0 = newValue } }
        }
    }

    init(
        url: String, options: DialOptions, output: ConnectOutput, files: [String], takesCommands: Bool, reconnects: Bool
    ) {
        self.output = output
        self.files = files
        self.takesCommands = takesCommands
        // Without user and password.
        let shown = (try? WebSocketURL(url)).map { "\($0)" } ?? url
        let (isOpen, opening) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        self.isOpen = isOpen
        self.socket = ReconnectingWebSocket(
            url, options: options, policy: reconnects ? ReconnectPolicy() : ReconnectPolicy(maxAttempts: 1),
            changed: { [last] state in
                // Told here and now: before a message of the connection can be, and behind how the one before it ended.
                switch state {
                case .connected(let connection):
                    last.value = connection
                    output.opened(connection, url: shown)
                    opening.yield()
                case .waiting(let delay, let error): output.waiting(delay, error)
                case .ended: opening.finish()
                case .connecting: break
                }
            })
    }

    /// Converses.
    ///
    /// - Returns: Whether it ended with a closing handshake.
    func run() async -> Bool {
        // Before anything is told: whoever reads that may send one at once.
        let trapped = await UnixSignalsSequence(trapping: .sigint, .sigterm)
        return await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.receive() }
            let signals = Task { await self.close(on: trapped) }
            group.addTask {
                // Nothing is taken from the input before there is somebody to send it to.
                for await _ in self.isOpen { break }
                await self.send()
            }
            var failure: (any Error)?
            do {
                try await self.socket.run()
            } catch {
                failure = error
            }
            self.input.stop()
            // Messages and states that are there are still told.
            for await _ in group {}
            signals.cancel()
            return self.outcome(failure)
        }
    }

    private func outcome(_ failure: (any Error)?) -> Bool {
        // Why it did not come back says more than how the last connection ended.
        if let failure, (failure as? WebSocketError)?.isClosed != true {
            self.output.failed("\(failure)")
            return false
        }
        guard let closure = self.last.value?.closure else {
            self.output.failed(failure.map { "\($0)" } ?? "closed before the connection was open")
            return false
        }
        if !closure.wasClean { self.output.failed("\(WebSocketError(.closed(closure)))") }
        self.output.closed(closure)
        return closure.wasClean
    }

    private func receive() async {
        do {
            for try await message in self.socket.messages {
                // Nobody reads any more, as with `| head`: the conversation is over.
                guard self.output.received(message) else {
                    try? self.socket.close()
                    break
                }
            }
        } catch {
            // How it ended is told at the end.
        }
        self.input.stop()
    }

    private func close(on signals: UnixSignalsSequence) async {
        for await _ in signals {
            try? self.socket.close()
            self.input.stop()
        }
    }

    private func send() async {
        do {
            for file in self.files { try await self.send(file: file) }
            while let line = await self.input.next() {
                try await self.obey(ConnectCommand(line, takesCommands: self.takesCommands))
            }
        } catch {
            // It does not come back, or was closed; that is told at the end.
        }
        // What was typed while it was down still goes out.
        if self.socket.queuedBytes > 0 { _ = try? await self.socket.waitForConnection() }
        try? self.socket.close()
    }

    private func obey(_ command: ConnectCommand) async throws {
        switch command {
        case .message(let text):
            try await self.deliver(.text(text))
            self.output.prompt()
        case .binary(let file): try await self.send(file: file)
        case .ping: await self.ping()
        case .close(let code, let reason):
            do {
                try self.socket.close(code: CloseCode(rawValue: UInt16(code)), reason: reason)
            } catch {
                self.output.failed("\(error)")
                self.output.prompt()
            }
        case .help:
            self.output.note(ConnectCommand.usage)
            self.output.prompt()
        case .invalid(let reason):
            self.output.failed(reason)
            self.output.prompt()
        }
    }

    private func ping() async {
        guard let connection = self.socket.connection else { return self.output.note("not connected") }
        if let duration = try? await connection.ping() { self.output.pong(duration) }
    }

    private func send(file: String) async throws {
        do {
            let data = try Data(contentsOf: URL(fileURLWithPath: file))
            try await self.deliver(.binary(ByteBuffer(bytes: data)))
        } catch let error as CocoaError {
            self.output.failed("\(file) cannot be read: \(error.localizedDescription)")
        }
        self.output.prompt()
    }

    /// Sends a message. Where it cannot be taken because the connection ends, or too much waits for one already, it waits for the
    /// next connection.
    private func deliver(_ message: WebSocketMessage) async throws {
        while true {
            do {
                return try await self.socket.send(message)
            } catch is WebSocketError {
                if let ending = self.socket.connection {
                    _ = await ending.closed
                    // And noticed, which is a moment later.
                    await Task.yield()
                }
                try await self.socket.waitForConnection()
            }
        }
    }
}
