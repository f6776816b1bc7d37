import TestSupport
import Testing

@testable import Realtime

@Suite("JSON scanner")
struct JSONScannerTests {
    /// What the grammar allows, in the spirit of JSONTestSuite.
    static let valid: [String] = [
        "{}", "[]", "\"\"", "0", "-0", "true", "false", "null", " \t\r\n1\n", "[[]   ]", "[\"\"]", "[\"a\"]",
        "[false]", "[null, 1, \"1\", {}]", "[1\n]", " [1]", "[1,null,null,null,2]", "[2] ", "[0e+1]", "[0e1]",
        "[ 4]", "[-0.000000000000000000000000000000000000000000000000000000000000000000000000000001]", "[20e1]",
        "[-123]", "[-1]", "[1E22]", "[1E-2]", "[1E+2]", "[123e45]", "[123.456e78]", "[1e-2]", "[123.456789]",
        "[1e999]", "[123456789012345678901234567890]", "{\"asd\":\"sdf\", \"dfg\":\"fgh\"}", "{\"asd\":\"sdf\"}",
        "{\"a\":\"b\",\"a\":\"c\"}", "{\"\":0}", "{\"foo\\u0000bar\": 42}",
        "{ \"min\": -1.0e+28, \"max\": 1.0e+28 }", "{\"a\":[]}", "{\n\"a\": \"b\"\n}", #"["\u0060\u012a\u12AB"]"#,
        #"["\uD801\udc37"]"#, #"["\ud83d\ude39\ud83d\udc8d"]"#, #"["\"\\\/\b\f\n\r\t"]"#, #"["\\u0000"]"#,
        #"["\""]"#, #"["a/*b*/c/*d//e"]"#, #"["\\a"]"#, #"["\\n"]"#, #"["\u0012"]"#, #"["\uFFFF"]"#, "[\"asd \"]",
        "[\"\u{10FFFF}\"]", "[\"\u{FFFF}\"]", #"["\u0000"]"#, "[\"\u{2C}\"]", #"["\uDBFF\uDFFF"]"#,
        #"["new\u00A0line"]"#, "[\"\u{2028}\u{2029}\"]", "[\"π\"]", #"["\u0821"]"#, "[\"\u{7F}\"]", "[\"a\u{7F}a\"]",
        #"["\u0061\u30af\u30EA\u30b9"]"#, "[\"⍂㈴⍂\"]", "[\"\u{FEFF}\"]", "[\"\u{E000}\u{D7FF}\u{800}\u{80}\"]",
    ]

    /// What it does not, or what is no UTF-8 or no character.
    static let invalid: [[UInt8]] =
        [
            "", " ", "nul", "tru", "fals", "truE", "nulll", "[1 true]", "[a", "[\"\": 1]", "[\"\"],", "[,1]",
            "[1,,2]", "[\"x\",,]", "[\"x\"]]", "[\"\",]", "[\"x\"", "[x", "[3[4]]", "[1:2]", "[,]", "[-]",
            "[   , \"\"]", "[\"a\",\n4\n,1,", "[1,]", "[1,,]", "[\"\u{0B}a\"\\f]", "[*]", "[\"\"", "[1,",
            "[1,\n1\n,1", "[{}", "[++1234]", "[+1]", "[+Inf]", "[-01]", "[-1.0.]", "[-2.]", "[-NaN]", "[.-1]",
            "[.2e-3]", "[0.1.2]", "[0.3e+]", "[0.3e]", "[0.e1]", "[0E+]", "[0E]", "[0e+]", "[0e]", "[1.0e+]",
            "[1.0e-]", "[1.0e]", "[1 000.0]", "[1eE2]", "[2.e+3]", "[2.e-3]", "[2.e3]", "[9.e+]", "[Inf]", "[NaN]",
            "[1+2]", "[0x1]", "[0x42]", "[Infinity]", "[0e+-1]", "[-123.123foo]", "[-Infinity]", "[-foo]", "[- 1]",
            "[-012]", "[-.123]", "[-1x]", "[1ea]", "[1.]", "[.123]", "[1.2a-3]", "[1.8011670033376514H-308]",
            "[012]", "[00]", "1.", "1e", "-", "[True]", "{\"x\"::\"b\"}", "{\"a\":\"a\" 123}", "{key: 'value'}",
            "{\"a\" b}", "{:\"b\"}", "{\"a\" \"b\"}", "{\"a\":", "{\"a\"", "{1:1}", "{9999E9999:1}",
            "{null:null,null:null}", "{\"id\":0,,,,,}", "{'a':0}", "{\"id\":0,}", "{\"a\":\"b\"}/**/",
            "{\"a\":\"b\"}//", "{\"a\":\"b\",,\"c\":\"d\"}", "{a: \"b\"}", "{\"a\":\"a",
            "{ \"foo\" : \"bar\", \"a\" }", "{\"a\":\"b\"}#", "{\"a\":1 \"b\":2}", "{,}", "{", "}", "[", "]", "[}",
            "{]", "[\"x\"}", "{\"a\":1]", "{\"a\":[}]", "{\"a\":[1}", "{}}", "{}{}", "1 2", "<null>", "[<null>]",
            "aå", "[1]x", "\"", "\"a", "\"\\", "'a'", "abc", "[⁠]", "\u{FEFF}{}", "\u{FEFF}", "[\u{0C}]", "\u{A0}1",
            "[1]\u{0}", "\u{0}", "/* */1", "[1]//", "[\"a\u{0}a\"]", "[\"new\nline\"]", "[\"\t\"]", "[\"\u{1F}\"]",
            #"["\ud800\"]"#, #"["\uD800\u"]"#, #"["\uD800\u1"]"#, #"["\uD800\u1x"]"#, #"["\u00A"]"#, #"["\u"]"#,
            #"["\x00"]"#, #"["\\\"]"#, #"["\a"]"#, #"["\uqqqq"]"#, #"["\u00G0"]"#, #"["\u+123"]"#, #"["\ "]"#,
            #"["\U0041"]"#, #"[\u0020"asd"]"#, #"[\n]"#, #"["\"#, #"["\uDADA"]"#, #"["\uD888\u1234"]"#,
            #"["\uD800\n"]"#, #"["\uDd1ea"]"#, #"["\uD800\uD800\n"]"#, #"["\ud800abc"]"#, #"["\uDd1e\uD834"]"#,
            #"["\uDFAA"]"#, #"{"\uDFAA":0}"#, #"["\uD800\uD800"]"#, #"["\uD800"]"#, #"["\ud83d\u00"#,
        ].map { Array($0.utf8) } + [
            [0x22, 0xFF, 0x22], [0x22, 0x80, 0x22], [0x22, 0xC0, 0xAF, 0x22], [0x22, 0xC1, 0xBF, 0x22],
            [0x22, 0xE0, 0x9F, 0xBF, 0x22],
            [0x22, 0xE0, 0xFF, 0x22], [0x22, 0xE2, 0x82, 0x22], [0x22, 0xE2, 0x82], [0x22, 0xED, 0xA0, 0x80, 0x22],
            [0x22, 0xED, 0xBF, 0xBF, 0x22], [0x22, 0xF0, 0x8F, 0xBF, 0xBF, 0x22], [0x22, 0xF4, 0x90, 0x80, 0x80, 0x22],
            [0x22, 0xF5, 0x80, 0x80, 0x80, 0x22], [0x22, 0xF8, 0x88, 0x80, 0x80, 0x80, 0x22],
            [0x22, 0xF0, 0x9F, 0x98, 0x22],
            [0x22, 0xC3, 0x22, 0x22], [0x5B, 0xFF, 0x5D], [0xE5], [0x22, 0x5C, 0xE5, 0x22],
            [0x22, 0x5C, 0x75, 0xE5, 0x22],
            [0xFF, 0xFE, 0x5B, 0x00, 0x5D, 0x00], [0x31, 0xE5], [0x22, 0xF4, 0x8F, 0xBF, 0xC0, 0x22],
        ]

    @Test(arguments: Self.valid)
    func takes(_ text: String) throws {
        let value = try JSONText(checking: Array(text.utf8))
        #expect(value.description == text.trimmed)
        #expect(NaiveJSON.accepts(Array(text.utf8)))
        // as a member, too, and within other things
        let wrapped = Array(#"{"a":\#(text),"b":[{"c":\#(text)}]}"#.utf8)
        let first = try members(wrapped).first
        #expect(first?.1.range == 5..<(5 + text.utf8.count) || text.trimmed != text)
        #expect(NaiveJSON.accepts(wrapped))
    }

    @Test(arguments: Self.invalid)
    func refuses(_ bytes: [UInt8]) {
        #expect(throws: JSONError.self) { try JSONText(checking: bytes) }
        #expect(!NaiveJSON.accepts(bytes))
        // as a member it is not mended by what follows
        if !["\"\\\"", "\"a"].contains(String(decoding: bytes, as: UTF8.self)) {
            #expect(throws: JSONError.self) { try members(Array(#"{"a":"#.utf8) + bytes + Array("}".utf8)) }
        }
    }

    @Test func everyBeginningOfATextIsRefused() {
        let text = Array(#"{"a":{"b":[1.5e-3,"\ud83d\ude00ä\n",true,false,null,{}]},"c":-0}"#.utf8)
        for count in 0..<text.count {
            let part = Array(text[..<count])
            #expect(throws: JSONError.self) { try members(part) }
            #expect(throws: JSONError.self) { try JSONText(checking: part) }
        }
        let all = try? members(text)
        #expect(all?.count == 2)
    }

    @Test func membersAreRangesOfTheText() throws {
        let text = #" { "a" : { "b" : [ 1 , 2 ] } , "c":"x\ty","d":-1.5e3 } "#
        let bytes = Array(text.utf8)
        let found = try members(bytes)
        #expect(found.map(\.0) == ["a", "c", "d"])
        #expect(
            found.map { String(decoding: bytes[$0.1.range], as: UTF8.self) } == [
                #"{ "b" : [ 1 , 2 ] }"#, #""x\ty""#, "-1.5e3",
            ])
        #expect(found.map(\.1.kind) == [.object, .string, .number])
    }

    @Test func onlyAnObjectHasMembers() {
        for text in ["[]", "1", "\"a\"", "null", "[{}]", "\u{FEFF}{}"] {
            #expect(throws: JSONError(.noObject, at: 0)) { try members(Array(text.utf8)) }
        }
        #expect(throws: JSONError(.end, at: 1)) { try members([0x20]) }
    }

    @Test(arguments: [("[", "]"), (#"{"a":"#, "}"), (#"[{"a":"#, "}]")])
    func depthIsBounded(_ open: String, _ close: String) throws {
        let step = open.utf8.count(where: { $0 == UInt8(ascii: "[") || $0 == UInt8(ascii: "{") })
        func nested(_ levels: Int) -> [UInt8] {
            let count = levels / step
            return Array((String(repeating: open, count: count) + "1" + String(repeating: close, count: count)).utf8)
        }
        _ = try JSONText(checking: nested(64))
        #expect(throws: JSONError(.depth, at: 64 / step * open.utf8.count)) {
            try JSONText(checking: nested(64 + step))
        }
        // the object around counts, too
        let fits = Array(#"{"a":"#.utf8) + nested(64 - step) + Array("}".utf8)
        #expect(try members(fits).count == 1)
        let tooDeep = Array(#"{"a":"#.utf8) + nested(64) + Array("}".utf8)
        #expect(throws: JSONError.self) { try members(tooDeep) }
        // and a very deep one takes no stack
        #expect(throws: JSONError.self) { try JSONText(checking: nested(1_000_000)) }
    }

    @Test func errorsSayWhere() {
        #expect(throws: JSONError(.unexpected, at: 5)) { try members(Array(#"{"a":x}"#.utf8)) }
        #expect(throws: JSONError(.trailing, at: 3)) { try members(Array("{} {}".utf8)) }
        #expect(throws: JSONError(.end, at: 4)) { try members(Array(#"{"a""#.utf8)) }
        #expect(throws: JSONError(.control, at: 7)) { try members(Array("{\"a\":\"x\n\"}".utf8)) }
        #expect(throws: JSONError(.surrogate, at: 6)) { try members(Array(#"{"a":"\ud800"}"#.utf8)) }
        #expect(throws: JSONError(.escape, at: 6)) { try members(Array(#"{"a":"\x"}"#.utf8)) }
        #expect(throws: JSONError(.utf8, at: 6)) { try members(Array(#"{"a":""#.utf8) + [0xC0, 0xAF, 0x22, 0x7D]) }
        #expect(throws: JSONError(.number, at: 5)) { try members(Array(#"{"a":01}"#.utf8)) }
        #expect(JSONError(.trailing, at: 3).description == "there is something behind the JSON, at byte 3")
    }

    /// Changed, cut and joined texts: what the scanner takes, a second reader takes as well, and the other way round.
    @Test func agreesWithASecondReader() {
        var generator = Generator(seed: 8259)
        let seeds = Self.valid.map { Array($0.utf8) } + Self.invalid
        let pieces =
            seeds
            + ["{", "}", "[", "]", ",", ":", "\"", "\\", "\\u", "\\ud800", "1", "e", "-", "."].map { Array($0.utf8) }
        var taken = 0
        for _ in 0..<30_000 {
            var bytes = generator.pick(seeds)
            for _ in 0...generator.below(3) {
                let at = generator.below(bytes.count + 1)
                switch generator.below(4) {
                case 0: bytes.insert(contentsOf: generator.pick(pieces), at: at)
                case 1: bytes.insert(UInt8(generator.below(256)), at: at)
                case 2 where at < bytes.count: bytes[at] = UInt8(generator.below(256))
                default: bytes.removeSubrange(at..<min(bytes.count, at + generator.below(4)))
                }
            }
            let isTaken = (try? JSONText(checking: bytes)) != nil
            let shouldBe = NaiveJSON.accepts(bytes)
            #expect(isTaken == shouldBe, "\(bytes)")
            let isObject = (try? members(bytes)) != nil
            let isBraced = shouldBe && String(decoding: bytes, as: UTF8.self).trimmed.utf8.first == UInt8(ascii: "{")
            #expect(isObject == isBraced, "\(bytes)")
            if isTaken { taken += 1 }
        }
        #expect(taken > 500)
    }
}

/// The object's members by name, with their values.
private func members(_ bytes: [UInt8]) throws(JSONError) -> [(String, JSONValue)] {
    var scanner = JSONScanner()
    try scanner.beginObject(in: bytes.span)
    var result: [(String, JSONValue)] = []
    while let member = try scanner.nextMember(in: bytes.span) {
        result.append((member.name.string(in: bytes.span) ?? "", member.value))
    }
    return result
}

extension String {
    /// Without JSON's space at both ends.
    fileprivate var trimmed: String {
        let isSpace = { (scalar: Unicode.Scalar) in " \t\r\n".unicodeScalars.contains(scalar) }
        let front = self.unicodeScalars.drop(while: isSpace)
        return String(String.UnicodeScalarView(front.reversed().drop(while: isSpace).reversed()))
    }
}
