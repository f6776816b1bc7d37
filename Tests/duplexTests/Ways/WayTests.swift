import Testing

@testable import duplex

@Suite struct WayTests {
    @Test(arguments: Way.allCases) func aReaderIsKnownByItsName(_ way: Way) {
        let reader = WayReader(name: "ways-0123abcd-\(way.rawValue)")
        #expect(reader?.page == "0123abcd")
        #expect(reader?.way == way)
    }

    @Test(arguments: [
        "", "ann", "ways", "ways-", "ways-0123abcd", "ways-0123abcd-", "ways-0123abcd-carrier-pigeon",
        "ways-0123abcd-Polling",
        "ways-0123abc-polling", "ways-0123ABCD-polling", "ways-0123abc\u{e4}-polling", "ways--polling",
        "xways-0123abcd-polling",
        "ways-012345678901234567890123456789012-polling",
    ])
    func othersAreNone(_ name: String) {
        #expect(WayReader(name: name) == nil)
    }

    @Test func theLengthOfAPageIsBounded() {
        #expect(WayReader.isPage(String(repeating: "a", count: 8)))
        #expect(WayReader.isPage(String(repeating: "z", count: 32)))
        #expect(!WayReader.isPage(String(repeating: "a", count: 7)))
        #expect(!WayReader.isPage(String(repeating: "a", count: 33)))
    }
}
