import HTTPTypes
import InMemoryTracing
import Testing
import Tracing

@testable import WebSocketClient

struct DialTargetTests {
    private func target(_ url: String, _ options: DialOptions = DialOptions()) throws -> DialTarget {
        try DialTarget(try WebSocketURL(url), options)
    }

    private func redirect(_ location: String?, status: Int = 302) -> HTTPResponse {
        HTTPResponse(status: .init(code: status), headerFields: location.map { [.location: $0] } ?? [:])
    }

    // MARK: Cookies

    @Test(
        arguments: [
            ([("a", "b")], nil, "a=b"), ([("a", "b"), ("c", "\"d\"")], nil, "a=b; c=\"d\""), ([("a", "")], nil, "a="),
            ([("a", "b=c")], "x=y", "x=y; a=b=c"),
        ] as [([(String, String)], String?, String)])
    func cookies(pairs: [(String, String)], field: String?, line: String) throws {
        let options = DialOptions(
            fields: field.map { [.cookie: $0] } ?? [:], cookies: pairs.map { (name: $0.0, value: $0.1) })
        #expect(try self.target("ws://a", options).fields[values: .cookie] == [line])
    }

    @Test(
        arguments: [
            ("", "x"), ("a b", "x"), ("a=", "x"), ("a;", "x"), ("ü", "x"), ("a", "x y"), ("a", "x;y"), ("a", "x,y"),
            ("a", "x\\"), ("a", "x\r\nX: y"), ("a", "ü"), ("a", "\"x"), ("a", "\""), ("a", "x\u{7F}"),
        ])
    func badCookies(name: String, value: String) {
        #expect(throws: DialError.self) { try self.target("ws://a", DialOptions(cookies: [(name, value)])) }
    }

    // MARK: Tracing

    private static let traceID = HTTPField.Name(InMemoryTracer.traceIDKey)!
    private static let spanID = HTTPField.Name(InMemoryTracer.spanIDKey)!

    /// What the caller says goes before what its task knows.
    @Test(arguments: [nil, "mine"])
    func span(given: String?) throws {
        var target = try self.target(
            "ws://a/", DialOptions(fields: given.map { [DialTargetTests.traceID: $0] } ?? [:]))
        let tracer = InMemoryTracer()
        let span = tracer.startSpan("test", context: .topLevel)
        withTracer(tracer) { ServiceContext.$current.withValue(span.context) { target.nameSpan() } }
        #expect(target.fields[values: DialTargetTests.traceID] == [given ?? span.traceID])
        #expect(target.fields[values: DialTargetTests.spanID] == [span.spanID])
    }

    /// Outside of a span the tracer is not asked, and without a tracer there is nobody to ask.
    @Test func noSpan() throws {
        var target = try self.target("ws://a/")
        let tracer = InMemoryTracer()
        withTracer(tracer) { target.nameSpan() }
        #expect(tracer.performedContextInjections.isEmpty)
        ServiceContext.$current.withValue(.topLevel) { target.nameSpan() }
        #expect(target.fields.isEmpty)
    }

    // MARK: Redirects

    @Test(arguments: [301, 302, 303, 307, 308])
    func followed(status: Int) throws {
        var target = try self.target("ws://a/b/c")
        #expect(try target.follow(self.redirect("../d?e", status: status), limit: 1))
        #expect(target.url.href == "ws://a/d?e")
        #expect(target.redirects == 1)
    }

    @Test(arguments: [200, 300, 304, 305, 401, 500])
    func noRedirect(status: Int) throws {
        var target = try self.target("ws://a/")
        #expect(try !target.follow(self.redirect("/d", status: status), limit: 1))
        #expect(target.url.href == "ws://a/")
    }

    @Test func notWanted() throws {
        var target = try self.target("ws://a/")
        #expect(try !target.follow(self.redirect("/d"), limit: 0))
        // There is nowhere to go.
        #expect(try !target.follow(self.redirect(nil), limit: 1))
    }

    @Test func bounded() throws {
        var target = try self.target("ws://a/")
        for _ in 0..<3 { #expect(try target.follow(self.redirect("/"), limit: 3)) }
        let error = #expect(throws: DialError.self) { try target.follow(self.redirect("/x"), limit: 3) }
        #expect(
            error.map { "\($0)" }
                == "not redirected: 3 redirects have been followed, and there is one more, to ws://a/x")
        #expect(target.url.href == "ws://a/")
    }

    @Test(arguments: ["ws://a/", "http://b", "ftp://a", "//", "ws://a b"])
    func refused(location: String) throws {
        var target = try self.target("wss://a/")
        let error = #expect(throws: DialError.self) { try target.follow(self.redirect(location), limit: 5) }
        #expect(error.map { "\($0)" }?.hasPrefix("not redirected: ") == true)
        #expect(target.url.href == "wss://a/")
    }

    /// Credentials stay with scheme, host and port.
    @Test(
        arguments: [
            ("/x", true), ("ws://a:80/x", true), ("HTTP://A/x", true), ("wss://a/", false), ("ws://a:81/", false),
            ("ws://b/", false), ("//b", false), ("ws://a.a/", false),
        ])
    func credentials(location: String, stay: Bool) throws {
        let origin = try #require(HTTPField.Name("X-Other"))
        var options = DialOptions(fields: [origin: "y", .authorization: "Bearer t", .proxyAuthorization: "z"])
        options.cookies = [("a", "b")]
        var target = try self.target("ws://a/", options)
        #expect(try target.follow(self.redirect(location), limit: 5))
        #expect(target.fields[.authorization] == (stay ? "Bearer t" : nil))
        #expect(target.fields[.cookie] == (stay ? "a=b" : nil))
        #expect(target.fields[.proxyAuthorization] == (stay ? "z" : nil))
        #expect(target.fields[origin] == "y")
        // And do not come back.
        if !stay, !target.url.isSecure {
            #expect(try target.follow(self.redirect("ws://a/"), limit: 5))
            #expect(target.fields[.authorization] == nil)
            #expect(target.fields[.cookie] == nil)
        }
    }

    @Test(arguments: [("/x", "Basic dTpw"), ("ws://a/x", "Basic dTpw"), ("ws://b/x", nil), ("wss://a/", nil)])
    func userinfo(location: String, authorization: String?) throws {
        var target = try self.target("ws://u:p@a/")
        #expect(target.fields[.authorization] == "Basic dTpw")
        #expect(try target.follow(self.redirect(location), limit: 5))
        #expect(target.fields[.authorization] == authorization)
    }
}
