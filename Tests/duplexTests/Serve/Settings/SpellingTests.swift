import Testing

@testable import duplex

@Suite struct SpellingTests {
    @Test(arguments: [
        ("", "", 0), ("a", "", 1), ("", "ab", 2), ("port", "port", 0), ("port", "PORT", 0), ("prot", "port", 2),
        ("kitten", "sitting", 3), ("flaw", "lawn", 2),
    ])
    func distances(first: String, second: String, distance: Int) {
        #expect(Spelling.distance(first, second) == distance)
        #expect(Spelling.distance(second, first) == distance)
    }

    @Test func nearest() {
        #expect(Spelling.nearest(to: "prt", among: ["host", "port", "part"]) == "port")
        #expect(Spelling.nearest(to: "x", among: []) == nil)
    }

    @Test func unknownVariables() {
        let warnings = SettingsEnvironment.warnings(about: [
            "DUPLEX_PROT": "1", "DUPLEX_PORT": "1", "DUPLEX_CONFIG": "x", "DUPLEX_tls_cert": "x", "PATH": "/",
            "DUPLEXPORT": "1",
        ])
        #expect(
            warnings == [
                "there is no setting DUPLEX_PROT; the nearest is DUPLEX_PORT",
                "there is no setting DUPLEX_tls_cert; the nearest is DUPLEX_TLS_CERT",
            ])
    }
}
