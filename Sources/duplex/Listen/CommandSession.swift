import NIOCore
import Subprocess
import WebSocketCore
import WebSocketNIO

/// One run of a command for one connection: messages in, lines out.
struct CommandSession {
    /// The longest line of output: just below 1 MiB. What has more is hardly made of lines, and has to be held until one ends.
    static let maxLine = 1 << 20
    /// How long a command may go on when its input has ended with the connection: 0.5 s. Most end with their input, and have
    /// then used all of it.
    static let inputGrace: Duration = .milliseconds(500)
    /// How long it may take to end when it was asked to, before it is killed: 2 s.
    static let endGrace: Duration = .seconds(2)

    let command: [String]
    let socket: WebSocketConnection
    let log: ListenLog

    init(_ command: [String], _ socket: WebSocketConnection, _ log: ListenLog) {
        self.command = command
        self.socket = socket
        self.log = log
    }

    /// Runs the command until it ends; it is stopped when the connection ends before.
    func run() async {
        let outputEnded = AsyncStream.makeStream(of: Void.self)
        // True from what ends all of it.
        await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                let (code, reason) = await self.runCommand { outputEnded.continuation.finish() }
                outputEnded.continuation.finish()
                // Where the connection has ended already, this changes nothing.
                try? self.socket.startClosing(code: code, reason: reason)
                return true
            }
            group.addTask {
                // Nobody takes messages any more, but without that the connection's end would not be seen.
                for await _ in outputEnded.stream {}
                do { for try await _ in self.socket.messages {} } catch {}
                return false
            }
            group.addTask {
                // Its input ends with the connection; if that does not end it, cancelling does.
                _ = await self.socket.closed
                try? await Task.sleep(for: CommandSession.inputGrace)
                return true
            }
            for await endsAll in group where endsAll { group.cancelAll() }
        }
    }

    /// Runs the command.
    ///
    /// - Parameter outputEnded: Is called when messages are not taken any more.
    /// - Returns: What the connection is to be closed with.
    private func runCommand(outputEnded: @escaping @Sendable () -> Void) async -> (CloseCode, String) {
        var options = PlatformOptions()
        // With what it has started itself. The terminal's SIGINT is then not for it, but the connection's end follows.
        options.createSession = true
        options.teardownSequence = [
            .gracefulShutDown(toProcessGroup: true, allowedDurationToNextStep: CommandSession.endGrace)
        ]
        do {
            let result = try await Subprocess.run(
                .name(self.command[0]), arguments: Arguments(Array(self.command.dropFirst())), platformOptions: options,
                input: .inputWriter, output: .sequence, error: .currentStandardError
            ) { execution in
                defer { outputEnded() }
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { await self.feed(execution.standardInputWriter) }
                    let lines = execution.standardOutput.strings(
                        separatedBy: .unicodeScalarSequence(["\n"]),
                        bufferingPolicy: .maxLineLength(CommandSession.maxLine))
                    for try await line in lines {
                        self.log("answer text, \(line.utf8.count) bytes: \(line.prefix(ListenLog.maxText))")
                        try await self.socket.send(line)
                    }
                    group.cancelAll()
                }
            }
            switch result.terminationStatus {
            case let status where status.isSuccess: return (.normalClosure, "")
            case .exited(let status): return (.internalError, "the command failed with status \(status)")
            case .signaled(let number): return (.internalError, "the command was ended by signal \(number)")
            }
        } catch let error as SubprocessError where error.code == .outputLimitExceeded {
            return (.internalError, "the command wrote a line that is too long")
        } catch let error as SubprocessError {
            StandardStreams.err("duplex: \(self.command[0]): \(error)")
            return (.internalError, "the command cannot be run")
        } catch {
            // The connection has ended, or is to end.
            return (.goingAway, "")
        }
    }

    /// Gives the messages to the command, up to the connection's end.
    private func feed(_ input: StandardInputWriter) async {
        do {
            var isRead = true
            for try await message in self.socket.messages {
                self.log("message \(message.summary)")
                guard isRead else { continue }
                do {
                    switch message {
                    case .text(let text): _ = try await input.write(text + "\n")
                    case .binary(let bytes): _ = try await input.write(Array(bytes.readableBytesView))
                    }
                } catch {
                    // It does not read any more, but may still have something to say.
                    isRead = false
                }
            }
        } catch {
            // The connection was lost, or the command's output has ended.
        }
        try? await input.finish()
    }
}
