import Testing
import WebSocketCore

struct HTTPGrammarTests {
    /// All bytes, against RFC 9110's list.
    @Test func tokenBytes() {
        let allowed = Set("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)
        #expect(allowed.count == 77)
        for byte in UInt8.min...UInt8.max {
            #expect(HTTPGrammar.isTokenByte(byte) == allowed.contains(byte), "\(byte)")
        }
    }

    @Test func tokens() {
        #expect(HTTPGrammar.isToken("chat"))
        #expect(HTTPGrammar.isToken("v1.chat+json~"))
        for text in ["", " ", "a b", "a,b", "a\"", "é", "a\u{301}", "a/b", "a=b", "a;b", "\u{7F}", "a\r\n"] {
            #expect(!HTTPGrammar.isToken(text))
        }
    }

    @Test(
        arguments: [
            ([], []), ([""], []), (["a"], ["a"]), (["a,b"], ["a", "b"]), (["a , b\t,\t c"], ["a", "b", "c"]),
            ([",a,,b, ,"], ["a", "b"]), (["a", "", "b, c"], ["a", "b", "c"]), ([" a b "], ["a b"]),
            // What is no space or tab stays.
            (["\u{A0}a"], ["\u{A0}a"]),
            // A comma or a space is one whatever mark combines with it.
            (["a,\u{301}b"], ["a", "\u{301}b"]), ([" \u{301}a"], ["\u{301}a"]), (["a \u{301}"], ["a \u{301}"]),
        ] as [([String], [String])])
    func list(values: [String], members: [String]) {
        // By bytes: strings that look the same are equal to Swift.
        #expect(HTTPGrammar.list(values).map { Array($0.utf8) } == members.map { Array($0.utf8) })
    }

    @Test(
        arguments: [
            (["upgrade"], true), (["Upgrade"], true), (["UPGRADE"], true), (["keep-alive, Upgrade"], true),
            (["keep-alive", "x,\tuPgRaDe ,y"], true), ([], false), ([""], false), (["keep-alive"], false),
            (["upgrades"], false), (["not-upgrade"], false), (["upgrade keep-alive"], false), (["\"upgrade\""], false),
            // A mark that combines with the space before the token belongs to the member.
            ([" \u{301}upgrade"], false), (["a,\u{301}upgrade"], false),
        ] as [([String], Bool)])
    func listContains(values: [String], isIn: Bool) {
        #expect(HTTPGrammar.list(values, contains: "upgrade") == isIn)
    }

    /// Case is ASCII's: the Kelvin sign is a K to Unicode, and to nobody on the wire.
    @Test func caseOfASCIIOnly() {
        #expect(HTTPGrammar.list(["webSocKet"], contains: "websocket"))
        #expect(!HTTPGrammar.list(["websoc\u{212A}et"], contains: "websocket"))
    }
}
