import Testing
import WebSocketCore

struct WebSocketExtensionTests {
    typealias Parameter = WebSocketExtension.Parameter

    @Test(
        arguments: [
            ([], []),
            ([""], []),
            ([" ,\t, "], []),
            (["foo"], [.init("foo")]),
            (["permessage-deflate"], [.init("permessage-deflate")]),
            (["foo, bar"], [.init("foo"), .init("bar")]),
            (["foo,,bar,"], [.init("foo"), .init("bar")]),
            (["foo;a"], [.init("foo", [.init("a")])]),
            (["foo; a=1"], [.init("foo", [.init("a", "1")])]),
            (["foo ; a = 1 ; b"], [.init("foo", [.init("a", "1"), .init("b")])]),
            (["foo\t;\ta\t=\t1\t,\tbar"], [.init("foo", [.init("a", "1")]), .init("bar")]),
            // A parameter may come twice here; whether that is allowed is the extension's matter.
            (["foo; a=1; a=2"], [.init("foo", [.init("a", "1"), .init("a", "2")])]),
            // Quoted values, with escapes.
            (["foo; a=\"1\""], [.init("foo", [.init("a", "1")])]),
            (["foo; a=\"b\\c\""], [.init("foo", [.init("a", "bc")])]),
            (["foo; a=\"\\b\\c\" , bar"], [.init("foo", [.init("a", "bc")]), .init("bar")]),
            // An offer several times, to fall back on; and over several fields.
            (
                ["permessage-deflate; client_max_window_bits; server_max_window_bits=10, permessage-deflate", "x; y"],
                [
                    .init(
                        "permessage-deflate", [.init("client_max_window_bits"), .init("server_max_window_bits", "10")]),
                    .init("permessage-deflate"), .init("x", [.init("y")]),
                ]
            ),
        ] as [([String], [WebSocketExtension])])
    func parse(fields: [String], expected: [WebSocketExtension]) {
        #expect(WebSocketExtension.parse(fields) == expected)
    }

    @Test(arguments: [
        // Names.
        "foo bar", ";", "; a", "=", "foo=1", "\"foo\"", "f(o", "fö", "foo\u{301}",
        // Parameters.
        "foo;", "foo; ", "foo;;a", "foo; a=", "foo; a=,", "foo; =1", "foo; a=1 2", "foo; a b", "foo; a==1",
        "foo; a=1, bar;", "foo; a=é", "foo; a=1/2",
        // Quotes.
        "foo; a=\"", "foo; a=\"b", "foo; a=\"b\\", "foo; a=\"b\\\"", "foo; a=\"\"", "foo; a=\"b c\"", "foo; a=\"b,c\"",
        "foo; a=\"b\"c", "foo; a=b\"c\"", "foo; a=\"\\\"\"", "foo; a=\"é\"", "foo; \"a\"=b",
    ])
    func refused(field: String) {
        #expect(WebSocketExtension.parse([field]) == nil)
        // One bad field spoils them all.
        #expect(WebSocketExtension.parse(["good; one=1", field]) == nil)
        #expect(WebSocketExtension.parse([field, "good"]) == nil)
    }

    @Test func serialize() {
        let extensions = [
            WebSocketExtension("foo"),
            WebSocketExtension("permessage-deflate", [Parameter("client_max_window_bits"), Parameter("x", "10")]),
        ]
        #expect(WebSocketExtension.serialize([]) == "")
        #expect(WebSocketExtension.serialize([extensions[0]]) == "foo")
        let field = WebSocketExtension.serialize(extensions)
        #expect(field == "foo, permessage-deflate; client_max_window_bits; x=10")
        #expect(WebSocketExtension.parse([field]) == extensions)
    }
}
