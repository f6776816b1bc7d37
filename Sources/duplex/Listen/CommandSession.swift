import NIOCore
import Subprocess
import WebSocketCore
import WebSocketNIO

/// One run of a command for one connection: messages in, lines out.
struct CommandSession {
    let command: [String]
    let socket: WebSocketConnection

    init(_ command: [String], _ socket: WebSocketConnection) {
        self.command = command
        self.socket = socket
    }

    /// Runs the command until it ends; it is stopped when the connection ends before.
    func run() async throws {
        let socket = self.socket
        var options = PlatformOptions()
        // Asked to end first, and cut after 2 seconds.
        options.teardownSequence = [.gracefulShutDown(allowedDurationToNextStep: .seconds(2))]
        do {
            let result = try await Subprocess.run(
                .name(self.command[0]), arguments: Arguments(Array(self.command.dropFirst())), platformOptions: options,
                input: .inputWriter, output: .sequence, error: .discarded
            ) { execution in
                try await withThrowingTaskGroup(of: Bool.self) { group in
                    group.addTask {
                        for try await message in socket.messages {
                            switch message {
                            case .text(let text): _ = try await execution.standardInputWriter.write(text + "\n")
                            case .binary(let bytes):
                                _ = try await execution.standardInputWriter.write(Array(bytes.readableBytesView))
                            }
                        }
                        try await execution.standardInputWriter.finish()
                        return false
                    }
                    group.addTask {
                        for try await line in execution.standardOutput.strings() { try await socket.send(line) }
                        return true
                    }
                    // The output's end is the command's. The input's is the connection's: what the command still says to it
                    // has nobody to hear it.
                    while let isOutput = try await group.next() {
                        if isOutput || socket.readyState != .open { group.cancelAll() }
                    }
                }
            }
            try socket.startClosing(
                code: result.terminationStatus.isSuccess ? .normalClosure : .internalError,
                reason: result.terminationStatus.isSuccess ? "" : "the command failed")
        } catch let error as SubprocessError {
            StandardStreams.err("duplex: \(self.command[0]): \(error)")
            try socket.startClosing(code: .internalError, reason: "the command cannot be run")
        }
    }
}
