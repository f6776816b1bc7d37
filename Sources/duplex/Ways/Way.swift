/// One of the four ways in which the page `/ways` reads the same room.
enum Way: String, CaseIterable, Sendable {
    case websocket, streaming, longpolling, polling
}

/// Which reader of which page: `ways-PAGE-WAY`, as the page has it in the query of each request as its name (`as`).
struct WayReader: Hashable, Sendable {
    /// What such a name begins with.
    static let prefix = "ways-"
    /// How long a page's id may be: 8 to 32 lower-case letters and digits. They are random, so that pages do not meet.
    static let idLengths = 8...32

    /// The page's id.
    let page: String
    let way: Way

    /// The reader of this name; nil if it is none.
    init?(name: String) {
        guard name.hasPrefix(WayReader.prefix) else { return nil }
        let parts = name.dropFirst(WayReader.prefix.count).split(
            separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let way = Way(rawValue: String(parts[1])), WayReader.isPage(parts[0]) else {
            return nil
        }
        (self.page, self.way) = (String(parts[0]), way)
    }

    /// Whether a text can be a page's id.
    static func isPage(_ text: some StringProtocol) -> Bool {
        WayReader.idLengths.contains(text.utf8.count)
            && text.utf8.allSatisfy {
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
            }
    }
}
