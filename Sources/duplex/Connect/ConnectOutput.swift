import Foundation
import NIOCore
import WebSocketClient
import WebSocketCore
import WebSocketNIO

/// How `duplex connect` tells what happens.
enum ConnectOutput: Sendable {
    /// Messages on standard output, everything else on standard error. On a terminal with a prompt, and with control characters
    /// shown instead of obeyed.
    case text(BinaryFolder?, isTerminal: Bool)
    /// One JSON object a line on standard output.
    case json(BinaryFolder?)

    /// One event, as it stands in a line of JSON. What is nil is left out.
    private struct Line: Encodable {
        var time: String
        var event: String
        var url: String?
        var `protocol`: String?
        var extensions: String?
        var type: String?
        var data: String?
        var file: String?
        var code: Int?
        var reason: String?
        var wasClean: Bool?
        var milliseconds: Double?
        var message: String?
    }

    /// The connection is open.
    func opened(_ socket: WebSocketConnection, url: String) {
        let extensions = WebSocketExtension.serialize(socket.extensions)
        if case .json = self {
            self.write(
                Line(
                    time: now(), event: "open", url: url, protocol: socket.subprotocol ?? "", extensions: extensions))
        } else {
            let subprotocol = socket.subprotocol.map { " (\($0))" } ?? ""
            self.note("connected\(subprotocol)\(extensions.isEmpty ? "" : " \(extensions)")")
        }
        self.prompt()
    }

    /// A message has arrived.
    ///
    /// - Returns: False when nobody reads the output any more.
    func received(_ message: WebSocketMessage) -> Bool {
        do {
            switch (self, message) {
            case (.text(_, let isTerminal), .text(let text)):
                return self.show(isTerminal ? "< " + ConnectOutput.shown(text) : text)
            case (.text(let folder?, _), .binary(let bytes)):
                return self.show("(\(bytes.readableBytes) bytes of binary: \(try folder.write(bytes)))")
            case (.text(nil, _), .binary(let bytes)):
                return self.show("(\(bytes.readableBytes) bytes of binary)")
            case (.json, .text(let text)):
                return self.write(Line(time: now(), event: "message", type: "text", data: text))
            case (.json(let folder?), .binary(let bytes)):
                return self.write(
                    Line(time: now(), event: "message", type: "binary", file: try folder.write(bytes)))
            case (.json(nil), .binary(let bytes)):
                let data = Data(bytes.readableBytesView).base64EncodedString()
                return self.write(Line(time: now(), event: "message", type: "binary", data: data))
            }
        } catch {
            self.failed("a message cannot be saved: \(error.localizedDescription)")
            return false
        }
    }

    /// A ping was answered.
    func pong(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        let milliseconds = Double(seconds) * 1e3 + Double(attoseconds) / 1e15
        if case .json = self {
            self.write(Line(time: now(), event: "pong", milliseconds: milliseconds))
        } else {
            self.note("pong after \(String(format: "%.3f", milliseconds)) ms")
        }
        self.prompt()
    }

    /// The connection was lost, and another attempt follows.
    func waiting(_ delay: Duration, _ error: any Error) {
        let (seconds, attoseconds) = delay.components
        let milliseconds = (Double(seconds) * 1e3 + Double(attoseconds) / 1e15).rounded()
        if case .json = self {
            if let closure = (error as? WebSocketError)?.closure { self.closed(closure) }
            self.write(Line(time: now(), event: "reconnecting", milliseconds: milliseconds, message: "\(error)"))
        } else {
            self.note("\(error); next attempt in \(String(format: "%.1f", milliseconds / 1000)) s")
        }
    }

    /// The connection is closed.
    func closed(_ closure: Closure) {
        if case .json = self {
            self.write(
                Line(
                    time: now(), event: "close", code: Int(closure.code.rawValue), reason: closure.reason,
                    wasClean: closure.wasClean))
        } else if closure.wasClean, closure.code != .normalClosure {
            self.note("closed: \(closure.code)\(closure.reason.isEmpty ? "" : " \(closure.reason)")")
        }
    }

    /// Something went wrong, which ends the command or not.
    func failed(_ message: String) {
        if case .json = self {
            self.write(Line(time: now(), event: "error", message: message))
        } else {
            self.note("duplex: \(message)")
        }
    }

    /// Something for a person to know.
    func note(_ text: String) {
        if case .text(_, true) = self {
            StandardStreams.err("\r\u{1B}[K\(ConnectOutput.shown(text))")
        } else {
            StandardStreams.err(text)
        }
    }

    /// Asks for a line, on a terminal.
    func prompt() {
        if case .text(_, true) = self { StandardStreams.prompt("> ") }
    }

    private func show(_ text: String) -> Bool {
        guard case .text(_, true) = self else { return StandardStreams.out(text) }
        defer { self.prompt() }
        return StandardStreams.out("\r\u{1B}[K\(text)")
    }

    @discardableResult
    private func write(_ line: Line) -> Bool {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(line) else { return true }
        return StandardStreams.out(String(decoding: data, as: UTF8.self))
    }

    private func now() -> String {
        Date().ISO8601Format(.init(includingFractionalSeconds: true))
    }

    /// The text with its control characters made visible: a terminal would obey them.
    static func shown(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x09: result += "\t"
            case 0x0A: result += "\n"
            case 0..<0x20, 0x7F..<0xA0: result += scalar.escaped(asASCII: true)
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
