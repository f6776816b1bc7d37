public import CoreMetrics
import Synchronization

/// A backend of swift-metrics that keeps what is counted, and shows it in Prometheus' text format (version 0.0.4).
///
///     let registry = PrometheusRegistry()
///     MetricsSystem.bootstrap(registry)
///
/// Counters and gauges are one atomic each; a histogram takes a lock for each value. Any thread.
public final class PrometheusRegistry: MetricsFactory {
    /// The default of how many series a metric may have: 2,000. Each takes some 200 bytes here, and more in Prometheus.
    public static let defaultMaxSeries = 2000
    /// The default buckets of histograms, in seconds: from 1 ms to 10 s.
    public static let defaultBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
    /// The content type of ``text()``.
    public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    private let help: [String: String]
    private let buckets: [String: [Double]]
    private let maxSeries: Int
    private let families = Mutex<[String: Family]>([:])

    /// The series of one name.
    struct Family {
        var kind: Kind
        var series: [Labels: Series] = [:]
    }

    /// What a metric is.
    enum Kind: String, Sendable { case counter, gauge, histogram }

    /// Makes an empty one.
    ///
    /// - Parameters:
    ///   - help: What metrics are about, by name.
    ///   - buckets: The upper bounds of histograms' buckets, by name; others have ``defaultBuckets``.
    ///   - maxSeries: How many series a metric may have; beyond, all go into one with the label `overflow="true"`.
    public init(
        help: [String: String] = [:], buckets: [String: [Double]] = [:],
        maxSeries: Int = PrometheusRegistry.defaultMaxSeries
    ) {
        self.help = help
        self.buckets = buckets.mapValues { $0.sorted() }
        self.maxSeries = Swift.max(maxSeries, 1)
    }

    /// The series of a name and labels, made if there is none. A name that is something else already gets a series that nobody sees.
    private func series(_ label: String, _ dimensions: [(String, String)], _ kind: Kind) -> Series {
        let name = PrometheusText.name(label)
        let labels = Labels(dimensions)
        let buckets = kind == .histogram ? self.buckets[name] ?? PrometheusRegistry.defaultBuckets : []
        return self.families.withLock { families in
            guard families[name]?.kind ?? kind == kind else { return Series(kind, buckets) }
            if families[name] == nil { families[name] = Family(kind: kind) }
            if let found = families[name]!.series[labels] { return found }
            let isFull = families[name]!.series.count >= self.maxSeries
            let key = isFull ? Labels.overflow : labels
            if let found = families[name]!.series[key] { return found }
            let made = Series(kind, buckets)
            families[name]!.series[key] = made
            return made
        }
    }

    /// All metrics, sorted.
    public func text() -> String {
        var text = PrometheusText()
        self.families.withLock { families in
            for name in families.keys.sorted() {
                text.begin(name, families[name]!.kind, help: self.help[name])
                let series = families[name]!.series.sorted { $0.key < $1.key }
                for (labels, series) in series { text.append(name, labels, series) }
            }
        }
        return text.text
    }

    // MARK: MetricsFactory

    /// A counter.
    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        self.series(label, dimensions, .counter)
    }

    /// A counter of fractions.
    public func makeFloatingPointCounter(
        label: String, dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        self.series(label, dimensions, .counter)
    }

    /// A histogram, or a gauge where nothing is to be aggregated.
    public func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        self.series(label, dimensions, aggregate ? .histogram : .gauge)
    }

    /// A gauge.
    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        self.series(label, dimensions, .gauge)
    }

    /// A histogram in seconds.
    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        self.series(label, dimensions, .histogram)
    }

    /// Nothing: what was counted stays.
    public func destroyCounter(_ handler: any CounterHandler) {}
    /// Nothing: what was counted stays.
    public func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
    /// Nothing: what was counted stays.
    public func destroyRecorder(_ handler: any RecorderHandler) {}
    /// Nothing: what was counted stays.
    public func destroyMeter(_ handler: any MeterHandler) {}
    /// Nothing: what was counted stays.
    public func destroyTimer(_ handler: any TimerHandler) {}
}
