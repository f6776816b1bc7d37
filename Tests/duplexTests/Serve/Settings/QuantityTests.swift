import Testing

@testable import duplex

@Suite struct QuantityTests {
    @Test(arguments: [
        ("0", Duration.zero), ("0s", .zero), ("1ms", .milliseconds(1)), ("500ms", .milliseconds(500)),
        ("10s", .seconds(10)),
        ("90s", .seconds(90)), ("2m", .seconds(120)), ("24h", .seconds(86400)), ("007s", .seconds(7)),
    ])
    func durations(text: String, duration: Duration) {
        #expect(Quantity.duration(text) == duration)
    }

    @Test(arguments: [
        "", "10", "s", "1.5s", "-1s", "+1s", "10 s", " 10s", "10s ", "10S", "10sec", "1d", "1m30s", "10us", "٣s",
        "9223372036854775807h", "99999999999999999999s",
    ])
    func noDurations(text: String) {
        #expect(Quantity.duration(text) == nil)
    }

    @Test(arguments: [
        ("0", 0), ("1", 1), ("65536", 65536), ("64KiB", 65536), ("16MiB", 16 << 20), ("2GiB", 2 << 30), ("0KiB", 0),
    ])
    func sizes(text: String, size: Int) {
        #expect(Quantity.size(text) == size)
    }

    @Test(arguments: [
        "", "KiB", "64KB", "64K", "64kib", "64 KiB", "1.5MiB", "-1", "+1", "0x10", "1TiB", "9223372036854775807KiB",
        "9223372036854775808",
    ])
    func noSizes(text: String) {
        #expect(Quantity.size(text) == nil)
    }

    @Test(arguments: [
        (Duration.zero, "0"), (.milliseconds(1500), "1500ms"), (.seconds(90), "90s"), (.seconds(120), "2m"),
        (.seconds(86400), "24h"),
    ])
    func textsOfDurations(duration: Duration, text: String) {
        #expect(Quantity.text(of: duration) == text)
        #expect(Quantity.duration(text) == duration)
    }

    @Test(arguments: [
        (0, "0"), (1, "1"), (1000, "1000"), (65536, "64KiB"), (1536 << 10, "1536KiB"), (16 << 30, "16GiB"),
    ])
    func textsOfSizes(size: Int, text: String) {
        #expect(Quantity.text(ofSize: size) == text)
        #expect(Quantity.size(text) == size)
    }
}
