import ArgumentParser
import HTTPTypes
import NIOSSL
import Testing
import WebSocketClient

@testable import duplex

@Suite struct ReachingOptionsTests {
    private func options(_ arguments: [String]) throws -> DialOptions {
        var options = DialOptions()
        try Connect.parse(["ws://a/"] + arguments).reaching.apply(to: &options)
        return options
    }

    @Test func defaults() throws {
        let options = try self.options([])
        #expect(options.proxy == .environment)
        #expect(options.maxRedirects == 5)
        #expect(options.unixSocket == nil)
        #expect(options.fields == [:])
        #expect(options.cookies.isEmpty)
        #expect(options.tls.certificateVerification == .fullVerification)
    }

    @Test func given() throws {
        let options = try self.options([
            "--proxy", "socks5://u:p@h", "--max-redirects", "0", "--unix-socket", "/s", "--origin", "http://o",
            "--cookie", "a=b", "--cookie", "c=d=e", "--insecure",
        ])
        #expect(options.proxy == .socks5(host: "h", username: "u", password: "p"))
        #expect(options.maxRedirects == 0)
        #expect(options.unixSocket == "/s")
        #expect(options.fields == [.origin: "http://o"])
        #expect(options.cookies.map { [$0.name, $0.value] } == [["a", "b"], ["c", "d=e"]])
        #expect(options.tls.certificateVerification == .none)
    }

    @Test func noProxy() throws {
        #expect(try self.options(["--proxy", "none"]).proxy == .none)
        #expect(throws: DialError.self) { try self.options(["--proxy", "gopher://h"]) }
    }

    @Test(arguments: [["--cert", "c"], ["--key", "k"], ["--cookie", "a"], ["--max-redirects", "-1"]])
    func refused(arguments: [String]) {
        #expect(throws: (any Error).self) { try Connect.parse(["ws://a/"] + arguments) }
    }

    @Test(arguments: [["--ca", "/nothing.pem"], ["--cert", "/nothing.pem", "--key", "/nothing.pem"]])
    func badFiles(arguments: [String]) {
        #expect(throws: ValidationError.self) { try self.options(arguments) }
    }
}
