import CoreMetrics
import Synchronization

/// One metric with one set of labels.
final class Series: Sendable {
    let kind: PrometheusRegistry.Kind
    /// The upper bounds of a histogram's buckets.
    let bounds: [Double]
    /// The bits of a Double.
    private let bits = Atomic<UInt64>(0)
    private let histogram: Mutex<Histogram>

    /// What a histogram has seen.
    struct Histogram: Sendable {
        /// How many values each bucket alone holds; the last one is without a bound.
        var counts: [Int]
        var sum = 0.0
    }

    init(_ kind: PrometheusRegistry.Kind, _ bounds: [Double]) {
        self.kind = kind
        self.bounds = bounds
        self.histogram = Mutex(Histogram(counts: Array(repeating: 0, count: bounds.count + 1)))
    }

    /// A counter's or a gauge's value.
    var value: Double { Double(bitPattern: self.bits.load(ordering: .relaxed)) }
    /// A histogram's.
    var values: Histogram { self.histogram.withLock { $0 } }

    private func store(_ value: Double) {
        self.bits.store(value.bitPattern, ordering: .relaxed)
    }

    private func add(_ amount: Double) {
        var old = self.bits.load(ordering: .relaxed)
        while true {
            let new = (Double(bitPattern: old) + amount).bitPattern
            let (isDone, now) = self.bits.weakCompareExchange(expected: old, desired: new, ordering: .relaxed)
            if isDone { return }
            old = now
        }
    }

    private func observe(_ value: Double) {
        guard value.isFinite else { return }
        let index = self.bounds.firstIndex { value <= $0 } ?? self.bounds.count
        self.histogram.withLock {
            $0.counts[index] += 1
            $0.sum += value
        }
    }

    private func take(_ value: Double) {
        if self.kind == .histogram { self.observe(value) } else { self.store(value) }
    }
}

extension Series: CounterHandler, FloatingPointCounterHandler {
    func increment(by amount: Int64) { self.add(Double(amount)) }
    func increment(by amount: Double) { self.add(amount) }
    func reset() { self.store(0) }
}

extension Series: RecorderHandler, MeterHandler, TimerHandler {
    func record(_ value: Int64) { self.take(Double(value)) }
    func record(_ value: Double) { self.take(value) }
    func recordNanoseconds(_ duration: Int64) { self.observe(Double(duration) / 1e9) }
    func set(_ value: Int64) { self.take(Double(value)) }
    func set(_ value: Double) { self.take(value) }
    func decrement(by amount: Double) { self.add(-amount) }
}
