import RealtimeCore

/// The counters of all pages that read in four ways. Bounded in number and age: what is forgotten is counted from zero when it comes
/// again, which only its page sees.
struct WayCounters {
    /// How many pages are counted: 256. The one that was silent for longest makes room for another. Each costs less than 1 KiB.
    static let maxPages = 256
    /// How long a page is remembered that asks for nothing: ten minutes. An open page asks every second.
    static let maxAge = Duration.seconds(600)

    /// How long ago a page may have asked to count as open: ten seconds.
    static let openAge = Duration.seconds(10)

    private struct Page {
        var seen: Instant
        var ways: [Way: WayCounter] = [:]
    }

    private var pages: [String: Page] = [:]
    private let maxPages: Int
    private let maxAge: Duration

    /// Makes an empty set.
    init(maxPages: Int = WayCounters.maxPages, maxAge: Duration = WayCounters.maxAge) {
        (self.maxPages, self.maxAge) = (maxPages, maxAge)
    }

    /// How many pages are known.
    var count: Int { self.pages.count }

    /// How many pages are open, as far as that can be told.
    func openCount(now: Instant) -> Int {
        self.pages.count { $0.value.seen.duration(to: now) <= WayCounters.openAge }
    }

    /// The counter of a reader; a new one where there is none.
    mutating func counter(of reader: WayReader, now: Instant) -> WayCounter {
        if self.pages[reader.page] == nil { self.makeRoom(now) }
        var page = self.pages[reader.page] ?? Page(seen: now)
        let counter = page.ways[reader.way] ?? WayCounter()
        (page.seen, page.ways[reader.way]) = (now, counter)
        self.pages[reader.page] = page
        return counter
    }

    /// The counters of a page, which is not forgotten for another while; none for one that is not known.
    mutating func counters(of page: String, now: Instant) -> [Way: WayCounter] {
        self.forget(now)
        self.pages[page]?.seen = now
        return self.pages[page]?.ways ?? [:]
    }

    /// Room for one more. It looks at all of them, which are few.
    private mutating func makeRoom(_ now: Instant) {
        self.forget(now)
        guard self.pages.count >= self.maxPages, let oldest = self.pages.min(by: { $0.value.seen < $1.value.seen })
        else { return }
        self.pages[oldest.key] = nil
    }

    private mutating func forget(_ now: Instant) {
        let maxAge = self.maxAge
        guard self.pages.contains(where: { $0.value.seen.duration(to: now) > maxAge }) else { return }
        self.pages = self.pages.filter { $0.value.seen.duration(to: now) <= maxAge }
    }
}
