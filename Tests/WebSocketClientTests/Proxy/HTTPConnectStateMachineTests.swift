import HTTPTypes
import NIOCore
import Testing

@testable import WebSocketClient

struct HTTPConnectStateMachineTests {
    /// What the answer leads to, whole or byte by byte, and what is left of it.
    private func outcome(_ answer: String, dripped: Bool) -> (TunnelAction, left: String, end: DialError) {
        var machine = HTTPConnectStateMachine(target: "a:1", authorization: nil)
        _ = machine.start()
        var waiting = ByteBuffer()
        var action = TunnelAction.wait
        for piece in dripped ? answer.utf8.map({ [$0] }) : [Array(answer.utf8)] {
            waiting.writeBytes(piece)
            if case .wait = action { action = machine.receive(&waiting) }
        }
        return (action, String(buffer: waiting), machine.giveUp(DialError(.lost)))
    }

    @Test func request() {
        var machine = HTTPConnectStateMachine(target: "a.example:443", authorization: nil)
        #expect(machine.start() == ByteBuffer(string: "CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n"))
        var withCredentials = HTTPConnectStateMachine(target: "[::1]:1", authorization: "Basic eDp5")
        #expect(
            withCredentials.start()
                == ByteBuffer(
                    string: "CONNECT [::1]:1 HTTP/1.1\r\nHost: [::1]:1\r\nProxy-Authorization: Basic eDp5\r\n\r\n"))
    }

    @Test(
        arguments: [
            "HTTP/1.1 200 Connection established\r\n\r\n", "HTTP/1.0 200 OK\r\nX: y\r\n\r\n", "HTTP/1.1 204\r\n\r\n",
            "HTTP/1.1 200 \r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.1 200 OK\nX: y\n\n",
            "HTTP/1.1 200 OK\r\nno field\r\n\r\n",
        ], [false, true])
    func open(answer: String, dripped: Bool) {
        let (action, left, _) = self.outcome(answer + "next", dripped: dripped)
        guard case .open = action else { return #expect(Bool(false), "\(action)") }
        #expect(left == "next")
    }

    @Test(
        arguments: [
            ("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 4\r\n\r\nwho?more", 407, "who?"),
            ("HTTP/1.1 403 Filtered\r\nContent-Length: 0\r\n\r\n", 403, ""),
            ("HTTP/1.1 502 Bad\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", 502, ""),
            ("HTTP/1.1 302 Found\r\nLocation: http://portal/\r\nContent-Length: 2\r\n\r\nno", 302, "no"),
            ("HTTP/1.1 101 What\r\nContent-Length: 0\r\n\r\n", 101, ""),
            (
                "HTTP/1.1 500 Oh\r\n\r\n" + String(repeating: "x", count: 5000), 500,
                String(repeating: "x", count: WebSocketClient.maxRefusalBody)
            ),
        ], [false, true])
    func refused(answer: (String, Int, String), dripped: Bool) {
        let (action, _, _) = self.outcome(answer.0, dripped: dripped)
        guard case .fail(let error) = action, let refusal = error.proxyRefusal else {
            return #expect(Bool(false), "\(action)")
        }
        #expect(refusal.response.status.code == answer.1)
        #expect(String(buffer: refusal.body) == answer.2)
    }

    /// A body that ends with the connection.
    @Test(arguments: [false, true])
    func refusedUntilTheEnd(dripped: Bool) {
        let (action, _, end) = self.outcome("HTTP/1.0 403 Filtered\r\nX: y\r\n\r\nnot there\nreally", dripped: dripped)
        guard case .wait = action else { return #expect(Bool(false), "\(action)") }
        #expect("\(end)" == "the proxy refused: 403 Filtered: not there")
    }

    @Test(
        arguments: [
            "SSH-2.0-x\r\n\r\n", "\r\n\r\n", "HTTP/2 200 OK\r\n\r\n", "HTTP/1.1 20 OK\r\n\r\n",
            "HTTP/1.1 abc OK\r\n\r\n",
            "HTTP/1.1 999 OK\r\n\r\n", "HTTP/1.1\r\n\r\n", "\u{5}\u{0}\n\n",
        ], [false, true])
    func garbage(answer: String, dripped: Bool) {
        let (action, _, _) = self.outcome(answer, dripped: dripped)
        guard case .fail(let error) = action else { return #expect(Bool(false), "\(action)") }
        #expect("\(error)" == "the proxy failed: its answer is not HTTP")
    }

    @Test(arguments: ["HTTP/1.1 200 OK\r\nX: ", ""])
    func endlessHead(start: String) {
        let (action, _, _) = self.outcome(
            start + String(repeating: "x", count: HTTPConnectStateMachine.maxHead + 1), dripped: false)
        guard case .fail(let error) = action else { return #expect(Bool(false), "\(action)") }
        #expect("\(error)".contains("16384 bytes"))
    }

    @Test(arguments: ["", "HTTP/1.1 200 OK\r\n"])
    func nothingYet(answer: String) {
        let (action, left, end) = self.outcome(answer, dripped: true)
        guard case .wait = action else { return #expect(Bool(false), "\(action)") }
        #expect(left == answer)
        #expect("\(end)" == "the connection was lost during the handshake")
    }
}
