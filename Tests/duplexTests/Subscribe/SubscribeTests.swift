import ArgumentParser
import NIOCore
import RealtimeCore
import Testing

@testable import duplex

@Suite struct SubscribeTests {
    private func parse(_ arguments: String...) throws -> Subscribe {
        try Subscribe.parse(["ws://a/", "chat"] + arguments)
    }

    @Test func options() throws {
        let standard = try self.parse()
        #expect(standard.transport == .websocket)
        #expect(standard.after == nil && standard.history == nil && standard.count == nil && !standard.json)
        let command = try self.parse(
            "--transport", "longpolling", "--after", "1x:2", "--count", "3", "--json", "--as", "ann", "--insecure",
            "-H", "a: b")
        #expect(command.transport == .longpolling)
        #expect(command.after == .position(Position(epoch: try Epoch(parsing: "1x"), offset: 2)))
        #expect(command.count == 3 && command.json)
        #expect(command.options.member == "ann")
        #expect(command.options.reaching.insecure)
    }

    @Test func positions() throws {
        #expect(try self.parse("--after", "0").after == .offset(0))
        #expect(try self.parse("--after", "18446744073709551615").after == .offset(.max))
        for text in ["", "x", "-1", "01", "+1", "1x:", ":1", "1x:01", "1x:2:3", "18446744073709551616"] {
            let parse = { try self.parse("--after=\(text)") }
            #expect(throws: (any Error).self, "\(text)") { try parse() }
        }
    }

    @Test(arguments: [
        ["--history", "-1"], ["--history", "1", "--after", "1"], ["--count", "0"], ["--interval", "0"],
        ["--interval", "nan"],
        ["--transport", "http"], ["--as", ""],
    ]) func whatCannotBe(_ arguments: [String]) {
        #expect(throws: (any Error).self) { try Subscribe.parse(["ws://a/", "chat"] + arguments) }
    }

    @Test func linesAreOneLine() {
        #expect(SubscribeOutput.line(Array("[1,\r\n2]".utf8)) == "[1,2]")
    }

    @Test func linesInPieces() throws {
        let text = "one\n\ntwo\nthree"
        let expected = [Array("one".utf8), Array("two".utf8)]
        var whole = LineBuffer(maxLine: 100)
        #expect(try whole.take(ByteBuffer(string: text)) == expected)
        var dripped = LineBuffer(maxLine: 100)
        var found: [[UInt8]] = []
        for byte in text.utf8 { found += try dripped.take(ByteBuffer(bytes: [byte])) }
        #expect(found == expected)
        #expect(try dripped.take(ByteBuffer(string: "\n")) == [Array("three".utf8)])
        #expect(try dripped.take(ByteBuffer()) == [])
    }

    @Test func aLineHasALimit() throws {
        var lines = LineBuffer(maxLine: 3)
        let found = try lines.take(ByteBuffer(string: "123\n12"))
        #expect(found == [Array("123".utf8)])
        #expect(throws: RoomFailure.self) { try lines.take(ByteBuffer(string: "34\n")) }
    }
}
