import Testing

@testable import duplex

@Suite struct SettingKindTests {
    @Test func rangesOfNumbersAreInclusive() {
        let kind = SettingKind.count(1...3)
        for (text, value) in [("1", SettingValue.count(1)), ("3", .count(3))] {
            #expect(kind.parse([text]) == .success(value))
        }
        for text in ["0", "4", "", "x", "1.0", "-1", "1s"] {
            let problem = SettingProblem(text: text, allowed: "a whole number from 1 to 3")
            #expect(kind.parse([text]) == .failure(problem))
        }
    }

    @Test func aDurationMayBeZeroWhereThatSwitchesOff() {
        let range = Duration.seconds(1)...Duration.seconds(10)
        #expect(SettingKind.duration(range, orZero: true).parse(["0"]) == .success(.duration(.zero)))
        #expect(SettingKind.duration(range, orZero: true).isRefused("999ms"))
        #expect(SettingKind.duration(range).isRefused("0"))
        #expect(SettingKind.duration(range).isRefused("10001ms"))
        #expect(SettingKind.duration(range).parse(["10s"]) == .success(.duration(.seconds(10))))
    }

    @Test func sizes() {
        let kind = SettingKind.size(2...1024)
        #expect(kind.parse(["1KiB"]) == .success(.size(1024)))
        #expect(kind.isRefused("1"))
        #expect(kind.isRefused("1025"))
    }

    @Test(arguments: ["on", "true", "yes", "1", "ON", "True"])
    func on(text: String) {
        #expect(SettingKind.toggle.parse([text]) == .success(.toggle(true)))
    }

    @Test(arguments: ["off", "false", "no", "0"])
    func off(text: String) {
        #expect(SettingKind.toggle.parse([text]) == .success(.toggle(false)))
    }

    @Test func neitherOnNorOff() {
        #expect(SettingKind.toggle.isRefused("2"))
        #expect(SettingKind.toggle.isRefused(""))
    }

    @Test func choicesAreExact() {
        let kind = SettingKind.choice(["none", "optional"])
        #expect(kind.parse(["optional"]) == .success(.text("optional")))
        #expect(kind.parse(["None"]) == .failure(SettingProblem(text: "None", allowed: "one of none, optional")))
    }

    @Test func textsAndPathsAreNotEmpty() {
        #expect(SettingKind.text.isRefused(""))
        #expect(SettingKind.paths.isRefused(""))
        #expect(SettingKind.paths.parse(["/a", "b c"]) == .success(.list(["/a", "b c"])))
    }

    @Test(arguments: [
        "https://example.com", "http://example.com:8080", "http://[::1]:80", "chrome-extension://abc",
        "https://a-b.example",
    ])
    func origins(text: String) {
        #expect(SettingKind.origins.parse([text]) == .success(.list([text])))
    }

    @Test(arguments: [
        "", "example.com", "https://", "://x", "https://example.com/", "https://example.com/path", "https://a?b",
        "https://u@a",
        "https://a b", "null", "https://*,", "htt ps://a",
    ])
    func noOrigins(text: String) {
        #expect(SettingKind.origins.isRefused(text))
    }

    @Test func anyOriginStandsAlone() {
        #expect(SettingKind.origins.parse(["*"]) == .success(.list(["*"])))
        let two = SettingKind.origins.parse(["https://example.com", "*"])
        #expect(two == .failure(SettingProblem(text: "*", allowed: SettingKind.origins.allowed)))
    }

    @Test(arguments: ["192.0.2.1", "10.0.0.0/8", "0.0.0.0/0", "192.0.2.1/32", "::1", "fd00::/8", "::/128"])
    func ranges(text: String) {
        #expect(SettingKind.ranges.parse([text]) == .success(.list([text])))
    }

    @Test(arguments: [
        "", "10.0.0.0/33", "fd00::/129", "10.0.0.0/", "10.0.0.0/x", "10.0.0.0/+8", "10.0.0.0/-1", "host", "10/8", "*",
    ])
    func noRanges(text: String) {
        #expect(SettingKind.ranges.isRefused(text))
    }
}

extension SettingKind {
    /// Whether the text is no value.
    fileprivate func isRefused(_ text: String) -> Bool {
        self.parse([text]) == .failure(SettingProblem(text: text, allowed: self.allowed))
    }
}
