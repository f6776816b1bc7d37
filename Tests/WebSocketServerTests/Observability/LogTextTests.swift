import HTTPTypes
import Logging
import Testing

@testable import WebSocketServer

struct LogTextTests {
    private struct Quoting: Error, CustomStringConvertible {
        let description: String
    }

    @Test(arguments: [
        ("", ""), ("bye", "bye"), ("gr\u{FC}\u{DF}e \u{1F44B}\u{200D}", "gr\u{FC}\u{DF}e \u{1F44B}\u{200D}"),
        ("a\nb", "a\\nb"), ("a\r\nb", "a\\r\\nb"), ("\t", "\\t"), ("\u{1B}[31m", "\\u{1B}[31m"), ("\0", "\\0"),
        ("\u{7F}", "\\u{7F}"), ("\u{85}", "\\u{0085}"), ("\u{9B}31m", "\\u{009B}31m"),
        ("\u{2028}\u{2029}", "\\u{2028}\\u{2029}"), ("\u{202E}txt", "\\u{202E}txt"), ("\u{2066}", "\\u{2066}"),
    ])
    func oneLine(text: String, shown: String) {
        #expect(Logger.MetadataValue.foreign(text) == .string(shown))
        #expect(Logger.MetadataValue.foreign(Quoting(description: text)) == .string(shown))
    }

    @Test(arguments: [
        ("/rooms?as=ann&token=secret", "/rooms"), ("/", "/"), ("/a?b?c", "/a"),
    ])
    func path(target: String, shown: String) {
        let request = HTTPRequest(method: .get, scheme: nil, authority: nil, path: target)
        #expect(Logger.MetadataValue.path(of: request) == .string(shown))
        #expect(Logger.MetadataValue.path(of: nil) == .string("-"))
    }
}
