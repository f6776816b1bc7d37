/// Amounts of time and of bytes, as people write them: a whole number and a unit.
enum Quantity {
    /// What a duration looks like, for messages.
    static let durations = "a whole number and ms, s, m or h, such as 500ms or 10s"
    /// What a size looks like, for messages.
    static let sizes = "a whole number of bytes, or one and KiB, MiB or GiB, such as 64KiB"

    private static let milliseconds: [(unit: String, count: Int)] = [
        ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1),
    ]
    private static let bytes: [(unit: String, count: Int)] = [
        ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("", 1),
    ]

    /// A duration such as `10s`, `500ms`, `2m` or `1h`; `0` needs no unit. Nil for anything else.
    static func duration(_ text: some StringProtocol) -> Duration? {
        text == "0" ? .zero : parse(text, milliseconds).map { .milliseconds($0) }
    }

    /// A number of bytes such as `65536`, `64KiB`, `16MiB` or `1GiB`. Nil for anything else.
    static func size(_ text: some StringProtocol) -> Int? {
        parse(text, bytes)
    }

    /// A duration in its largest whole unit; what is below a millisecond is left out.
    static func text(of duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        return text(of: Int(seconds) * 1000 + Int(attoseconds / 1_000_000_000_000_000), milliseconds)
    }

    /// A number of bytes in its largest whole unit.
    static func text(ofSize size: Int) -> String {
        text(of: size, bytes)
    }

    private static func parse(_ text: some StringProtocol, _ units: [(unit: String, count: Int)]) -> Int? {
        // Of ASCII digits only: `Int` takes a sign, too.
        let digits = text.prefix { ("0"..."9").contains($0) }
        let unit = text.dropFirst(digits.count)
        guard let number = Int(digits), let count = units.first(where: { $0.unit == unit })?.count else { return nil }
        let (product, overflow) = number.multipliedReportingOverflow(by: count)
        return overflow ? nil : product
    }

    private static func text(of number: Int, _ units: [(unit: String, count: Int)]) -> String {
        guard number != 0, let (unit, count) = units.first(where: { number.isMultiple(of: $0.count) }) else {
            return "0"
        }
        return "\(number / count)\(unit)"
    }
}
