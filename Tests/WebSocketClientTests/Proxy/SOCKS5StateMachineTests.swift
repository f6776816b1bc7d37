import NIOCore
import Testing

@testable import WebSocketClient

struct SOCKS5StateMachineTests {
    private static let credentials = SOCKS5StateMachine.Request.Credentials(username: "us", password: "pwd")

    /// What the machine sends, one message after the other, and what the proxy's bytes lead to; they come byte by byte.
    private func conversation(
        host: String = "a.example", port: Int = 0x1234, as credentials: SOCKS5StateMachine.Request.Credentials? = nil,
        answers: [UInt8]
    ) throws -> (sent: [[UInt8]], end: TunnelAction, left: [UInt8]) {
        var machine = SOCKS5StateMachine(try .init(host: host, port: port, credentials: credentials))
        var sent = [Array(machine.start().readableBytesView)]
        var waiting = ByteBuffer()
        var rest = answers[...]
        while let byte = rest.popFirst() {
            waiting.writeInteger(byte)
            switch machine.receive(&waiting) {
            case .wait: break
            case .send(let message): sent.append(Array(message.readableBytesView))
            case let end: return (sent, end, Array(waiting.readableBytesView) + rest)
            }
        }
        return (sent, .wait, Array(waiting.readableBytesView))
    }

    private static let request: [UInt8] = [5, 1, 0, 3, 9] + Array("a.example".utf8) + [0x12, 0x34]

    @Test(
        arguments: [
            [5, 0, 0, 1, 1, 2, 3, 4, 0, 80], [5, 0, 0, 3, 2, 97, 98, 0, 80], [5, 0, 0, 3, 0, 0, 80],
            [5, 0, 0, 4] + Array(repeating: 9, count: 18),
        ] as [[UInt8]])
    func withoutCredentials(reply: [UInt8]) throws {
        let (sent, end, left) = try self.conversation(answers: [5, 0] + reply + [7, 7])
        #expect(sent == [[5, 1, 0], SOCKS5StateMachineTests.request])
        guard case .open = end else { return #expect(Bool(false), "\(end)") }
        #expect(left == [7, 7])
    }

    @Test(
        arguments: [
            ("1.2.3.4", [5, 1, 0, 1, 1, 2, 3, 4, 0x12, 0x34]),
            ("::1", [5, 1, 0, 4] + Array(repeating: 0, count: 15) + [1, 0x12, 0x34]),
        ] as [(String, [UInt8])])
    func addresses(host: String, request: [UInt8]) throws {
        let (sent, _, _) = try self.conversation(host: host, answers: [5, 0])
        #expect(sent == [[5, 1, 0], request])
    }

    @Test func withCredentials() throws {
        let (sent, end, _) = try self.conversation(
            as: SOCKS5StateMachineTests.credentials, answers: [5, 2, 1, 0, 5, 0, 0, 1, 0, 0, 0, 0, 0, 0])
        #expect(
            sent == [
                [5, 2, 0, 2], [1, 2] + Array("us".utf8) + [3] + Array("pwd".utf8), SOCKS5StateMachineTests.request,
            ])
        guard case .open = end else { return #expect(Bool(false), "\(end)") }
    }

    /// The proxy does not want the credentials that it could have.
    @Test func credentialsUnused() throws {
        let (sent, _, _) = try self.conversation(as: SOCKS5StateMachineTests.credentials, answers: [5, 0])
        #expect(sent == [[5, 2, 0, 2], SOCKS5StateMachineTests.request])
    }

    @Test(
        arguments: [
            ([5, 0, 5, 1], "general failure"), ([5, 0, 5, 2], "its rules do not allow the connection"),
            ([5, 0, 5, 3], "the network cannot be reached"), ([5, 0, 5, 4], "the host cannot be reached"),
            ([5, 0, 5, 5, 0, 1], "the server refused the connection"), ([5, 0, 5, 6], "the connection took too long"),
            ([5, 0, 5, 7], "it does not know the command CONNECT"),
            ([5, 0, 5, 8], "it does not know this kind of address"), ([5, 0, 5, 99], "unknown reply 99"),
            ([5, 0, 5, 0, 0, 2], "its answer has an address of the unknown kind 2"),
            ([5, 0, 4, 0], "its answer is not SOCKS 5"), ([4, 0], "it does not speak SOCKS 5"),
            (Array("HTTP/1.1".utf8), "it does not speak SOCKS 5"),
            ([5, 0xFF], "it wants a user name and a password, or another proof that is not known here"),
            ([5, 2], "it wants a user name and a password, or another proof that is not known here"),
            ([5, 1], "it wants a user name and a password, or another proof that is not known here"),
        ] as [([UInt8], String)])
    func failures(answers: [UInt8], reason: String) throws {
        let (_, end, _) = try self.conversation(answers: answers)
        guard case .fail(let error) = end else { return #expect(Bool(false), "\(end)") }
        #expect("\(error)" == "the proxy failed: \(reason)")
    }

    @Test(
        arguments: [
            ([5, 0xFF], "it takes neither a user name with a password nor none"),
            ([5, 2, 1, 1], "it does not accept the user name and the password"),
        ] as [([UInt8], String)])
    func failuresWithCredentials(answers: [UInt8], reason: String) throws {
        let (_, end, _) = try self.conversation(as: SOCKS5StateMachineTests.credentials, answers: answers)
        guard case .fail(let error) = end else { return #expect(Bool(false), "\(end)") }
        #expect("\(error)" == "the proxy failed: \(reason)")
    }

    @Test(arguments: [[5, 0, 5], [5, 0, 5, 0, 0], [5, 0, 5, 0, 0, 3, 2, 97, 98, 0]] as [[UInt8]])
    func notYet(answers: [UInt8]) throws {
        let (_, end, _) = try self.conversation(answers: answers)
        guard case .wait = end else { return #expect(Bool(false), "\(end)") }
    }

    @Test func tooLong() {
        let long = String(repeating: "x", count: 256)
        #expect(throws: DialError.self) { try SOCKS5StateMachine.Request(host: long, port: 1, credentials: nil) }
        for (username, password) in [(long, "p"), ("u", long), ("", "p"), ("u", "")] {
            #expect(throws: DialError.self) {
                try SOCKS5StateMachine.Request(
                    host: "a", port: 1, credentials: .init(username: username, password: password))
            }
        }
    }
}
