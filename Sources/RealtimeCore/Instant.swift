/// A point in time that only counts from an arbitrary start, the same for everything in a process: what a monotonic clock
/// says. The core has no clock; whoever calls it passes `now`. A `now` that is earlier than one before counts as that one.
public struct Instant: InstantProtocol, Sendable, Hashable {
    /// The nanoseconds since the start; enough for 584 years.
    public let nanoseconds: UInt64

    /// The start.
    public static let start = Instant(nanoseconds: 0)

    /// Makes an instant from what a clock says.
    ///
    /// - Parameter nanoseconds: The nanoseconds since the start.
    public init(nanoseconds: UInt64) {
        self.nanoseconds = nanoseconds
    }

    /// The instant so much later; the start, or the last one that there is, when it lies beyond.
    public func advanced(by duration: Duration) -> Instant {
        guard duration < .zero else { return self.advanced(byNanoseconds: duration.clampedNanoseconds) }
        let back = (.zero - duration).clampedNanoseconds
        return Instant(nanoseconds: self.nanoseconds < back ? 0 : self.nanoseconds - back)
    }

    /// How long it is to another one; negative if that one is earlier.
    public func duration(to other: Instant) -> Duration {
        self <= other
            ? Duration(clockNanoseconds: other.nanoseconds - self.nanoseconds)
            : .zero - Duration(clockNanoseconds: self.nanoseconds - other.nanoseconds)
    }

    func advanced(byNanoseconds count: UInt64) -> Instant {
        let (sum, overflow) = self.nanoseconds.addingReportingOverflow(count)
        return Instant(nanoseconds: overflow ? .max : sum)
    }

    /// Whether one is earlier.
    public static func < (left: Instant, right: Instant) -> Bool {
        left.nanoseconds < right.nanoseconds
    }
}

extension Duration {
    /// Not `.nanoseconds(_:)`, which ends at 292 years.
    fileprivate init(clockNanoseconds count: UInt64) {
        self.init(attoseconds: Int128(count) * 1_000_000_000)
    }

    /// In nanoseconds: 0 for a negative one, and the largest number for one that is too long.
    var clampedNanoseconds: UInt64 {
        UInt64(clamping: self.attoseconds / 1_000_000_000)
    }
}
