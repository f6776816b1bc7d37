import Testing
import WebSocketNIO

struct DOMExceptionTests {
    /// The names are those of the Web IDL standard.
    @Test(
        arguments: [
            (.syntaxError, "SyntaxError"), (.invalidStateError, "InvalidStateError"),
            (.invalidAccessError, "InvalidAccessError"),
        ] as [(DOMException.Name, String)])
    func names(name: DOMException.Name, text: String) {
        #expect(name.rawValue == text)
        #expect("\(DOMException("what", name: name))" == "\(text): what")
        #expect(DOMException("what", name: name).message == "what")
        #expect(DOMException("what", name: name).name == name)
    }
}
