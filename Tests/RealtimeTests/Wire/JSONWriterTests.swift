import Testing

@testable import Realtime

@Suite("JSON writer")
struct JSONWriterTests {
    private func string(_ string: String) -> String {
        var writer = JSONWriter()
        writer.string(string)
        return text(writer.bytes)
    }

    @Test func onlyWhatMustBeEscapedIs() {
        #expect(self.string("") == #""""#)
        #expect(self.string(#"a"b\c/d"#) == #""a\"b\\c/d""#)
        #expect(self.string("\u{8}\u{9}\u{A}\u{C}\u{D}") == #""\b\t\n\f\r""#)
        #expect(
            self.string("\u{0}\u{F}\u{10}\u{1A}\u{1F}\u{20}\u{7F}") == "\"\\u0000\\u000f\\u0010\\u001a\\u001f \u{7F}\"")
        #expect(self.string("ä€\u{1F600}<\u{2028}") == "\"ä€\u{1F600}<\u{2028}\"")
    }

    @Test func whatIsWrittenIsReadAgain() throws {
        for scalar in (0...0x2100).compactMap({ Unicode.Scalar($0) }) + ["\u{FFFF}", "\u{1F600}"] {
            let string = "a\(Character(scalar))b"
            let bytes = Array(self.string(string).utf8)
            let value = try JSONScanner.value(of: bytes.span)
            let again = value.string(in: bytes.span)
            #expect(again.map { Array($0.utf8) } == Array(string.utf8))
        }
    }

    @Test(arguments: [0, 1, 9, 10, 99, 100, 1_764_067_200_123, 9_999_999_999_999_999_999, .max] as [UInt64])
    func numbers(_ number: UInt64) throws {
        var writer = JSONWriter()
        writer.number(number)
        #expect(text(writer.bytes) == "\(number)")
        let value = try JSONScanner.value(of: writer.bytes.span)
        let again = value.unsigned(in: writer.bytes.span)
        #expect(again == number)
    }

    @Test func inALine() {
        let json = "{\r\n\"a\":\n[1,\r2] , \"b\\n\" :\"\u{85}\u{2028}\"}"
        #expect(!JSONEmbedding.isOneLine(json.utf8))
        let line = JSONEmbedding.line(json.utf8)
        #expect(text(line) == "{\"a\":[1,2] , \"b\\n\" :\"\u{85}\u{2028}\"}")
        #expect(JSONEmbedding.isOneLine(line))
    }

    @Test func inAScript() {
        let expression = { (json: String) in text(JSONEmbedding.expression(Array(json.utf8))) }
        #expect(expression(#"{"a":"</script><!--","b":1}"#) == #"{"a":"\u003c/script>\u003c!--","b":1}"#)
        #expect(
            expression("[\"\u{2027}\u{2028}\u{2029}\u{202A}\u{E2}\"]") == "[\"\u{2027}\\u2028\\u2029\u{202A}\u{E2}\"]")
        // no object in a script may have a prototype from outside
        #expect(expression(#"{"__proto__":"<"}"#) == #"JSON.parse("{\"__proto__\":\"\u003c\"}")"#)
        #expect(expression(#"{"\u005f_proto__":1}"#) == #"JSON.parse("{\"\\u005f_proto__\":1}")"#)
        #expect(expression(#"{"_proto_":"\ud83d\ude00"}"#) == #"{"_proto_":"\ud83d\ude00"}"#)
        // beginnings of it at the end
        #expect(expression("[\"\u{2000}\"]") == "[\"\u{2000}\"]")
    }
}
