import HTTPTypes
import NIOCore

/// Asks an HTTP proxy for a tunnel by CONNECT (RFC 9110, section 9.3.6). SwiftNIO's own parser has no body for any answer to
/// CONNECT, so the reason of a refusal could not be told with it.
struct HTTPConnectStateMachine: TunnelMachine, ~Copyable {
    /// The longest head of an answer: 16 KiB.
    static let maxHead = 16 << 10

    private enum State {
        case waiting
        /// A refusal whose body comes in; how much of it is still to come, if the proxy has said so.
        case refused(DialError.Refusal, rest: Int?)
        case done
    }

    private let target: String
    private let authorization: String?
    private var state = State.waiting

    /// - Parameters:
    ///   - target: The server: its host and its port.
    ///   - authorization: The value of Proxy-Authorization.
    init(target: String, authorization: String?) {
        self.target = target
        self.authorization = authorization
    }

    mutating func start() -> ByteBuffer {
        let credentials = self.authorization.map { "Proxy-Authorization: \($0)\r\n" } ?? ""
        return ByteBuffer(string: "CONNECT \(self.target) HTTP/1.1\r\nHost: \(self.target)\r\n\(credentials)\r\n")
    }

    mutating func receive(_ bytes: inout ByteBuffer) -> TunnelAction {
        if case .waiting = self.state {
            guard let length = HTTPConnectStateMachine.headLength(bytes.readableBytesView) else {
                if bytes.readableBytes > HTTPConnectStateMachine.maxHead {
                    return self.fail(
                        .proxy("its answer's head is longer than \(HTTPConnectStateMachine.maxHead) bytes"))
                }
                return .wait
            }
            guard length <= HTTPConnectStateMachine.maxHead, let head = bytes.readString(length: length),
                let response = HTTPConnectStateMachine.parse(head)
            else { return self.fail(.proxy("its answer is not HTTP")) }
            // The server does not speak first, and a 2xx has no body: what comes behind it is the server's.
            if response.status.kind == .successful {
                self.state = .done
                return .open
            }
            // No proxy has reason to send 1xx here; a body in chunks is not shown.
            let isChunked = response.headerFields[.transferEncoding] != nil
            self.state = .refused(
                DialError.Refusal(response: response, body: ByteBuffer()),
                rest: isChunked ? 0 : response.headerFields[.contentLength].flatMap { Int($0) })
        }
        guard case .refused(var refusal, let rest) = self.state else { return .wait }
        let length = min(bytes.readableBytes, max(rest ?? .max, 0))
        if var part = bytes.readSlice(length: length) { refusal.append(&part) }
        let left = rest.map { $0 - length }
        if refusal.isFull || left.map({ $0 <= 0 }) == true { return self.fail(.proxyRefused(refusal)) }
        self.state = .refused(refusal, rest: left)
        return .wait
    }

    mutating func giveUp(_ reason: DialError) -> DialError {
        // Once there is an answer, it is the reason, even if its body never ends.
        if case .refused(let refusal, _) = self.state { DialError(.proxyRefused(refusal)) } else { reason }
    }

    private mutating func fail(_ code: DialError.Code) -> TunnelAction {
        self.state = .done
        return .fail(DialError(code))
    }

    /// The length of the head with the empty line behind it. A line may end without the carriage return (RFC 9112,
    /// section 2.2).
    private static func headLength(_ bytes: ByteBufferView) -> Int? {
        var isLineEmpty = false
        for (position, byte) in bytes.enumerated() {
            switch byte {
            case UInt8(ascii: "\n"):
                if isLineEmpty { return position + 1 }
                isLineEmpty = true
            case UInt8(ascii: "\r"): break
            default: isLineEmpty = false
            }
        }
        return nil
    }

    private static func parse(_ head: String) -> HTTPResponse? {
        let lines = head.utf8.split(separator: UInt8(ascii: "\n")).map { line in
            Substring(line.last == UInt8(ascii: "\r") ? line.dropLast() : line)
        }
        guard let status = lines.first else { return nil }
        let parts = status.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count >= 2, parts[0].hasPrefix("HTTP/1."), parts[1].utf8.count == 3, let code = Int(parts[1]),
            (100...599).contains(code)
        else { return nil }
        let reason = parts.count > 2 ? DialError.printable(parts[2]) : ""
        var response = HTTPResponse(status: .init(code: code, reasonPhrase: reason))
        for line in lines.dropFirst() {
            // Of what is no field, no use is made.
            guard let colon = line.firstIndex(of: ":"), let name = HTTPField.Name(String(line[..<colon]))
            else { continue }
            let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
            response.headerFields.append(HTTPField(name: name, value: String(value)))
        }
        return response
    }
}
