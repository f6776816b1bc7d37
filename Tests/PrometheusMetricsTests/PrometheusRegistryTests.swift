import CoreMetrics
import Synchronization
import Testing

@testable import PrometheusMetrics

struct PrometheusRegistryTests {
    @Test func text() {
        let registry = PrometheusRegistry(help: ["b_total": "What \\ is\ncounted."], buckets: ["t": [0.5, 0.1]])
        registry.makeCounter(label: "b_total", dimensions: [("y", "a\"b\\c\nd"), ("x", "1")]).increment(by: 2)
        registry.makeCounter(label: "b_total", dimensions: [("x", "1"), ("y", "a\"b\\c\nd")]).increment(by: 3)
        registry.makeCounter(label: "b_total", dimensions: []).increment(by: 1)
        registry.makeMeter(label: "a.gauge", dimensions: [("le.vel", "é")]).set(1.5)
        let timer = registry.makeTimer(label: "t", dimensions: [])
        for milliseconds in [50, 100, 200, 900] as [Int64] { timer.recordNanoseconds(milliseconds * 1_000_000) }
        #expect(
            registry.text() == """
                # TYPE a_gauge gauge
                a_gauge{le_vel="é"} 1.5
                # HELP b_total What \\\\ is\\ncounted.
                # TYPE b_total counter
                b_total 1
                b_total{x="1",y="a\\"b\\\\c\\nd"} 5
                # TYPE t histogram
                t_bucket{le="0.1"} 2
                t_bucket{le="0.5"} 3
                t_bucket{le="+Inf"} 4
                t_sum 1.25
                t_count 4

                """)
    }

    @Test func gauges() {
        let registry = PrometheusRegistry()
        let meter = registry.makeMeter(label: "g", dimensions: [])
        meter.set(Int64(5))
        meter.increment(by: 2.5)
        meter.decrement(by: 1)
        let recorder = registry.makeRecorder(label: "r", dimensions: [], aggregate: false)
        recorder.record(Int64(1))
        recorder.record(7.25)
        #expect(registry.text() == "# TYPE g gauge\ng 6.5\n# TYPE r gauge\nr 7.25\n")
    }

    /// Beyond the bound all go into one series.
    @Test func overflow() {
        let registry = PrometheusRegistry(maxSeries: 2)
        for number in 0..<10 { registry.makeCounter(label: "c", dimensions: [("n", "\(number)")]).increment(by: 1) }
        #expect(registry.text() == "# TYPE c counter\nc{n=\"0\"} 1\nc{n=\"1\"} 1\nc{overflow=\"true\"} 8\n")
    }

    /// A name is one thing only.
    @Test func twoKinds() {
        let registry = PrometheusRegistry()
        registry.makeCounter(label: "c", dimensions: []).increment(by: 1)
        registry.makeMeter(label: "c", dimensions: []).set(Int64(9))
        #expect(registry.text() == "# TYPE c counter\nc 1\n")
    }

    @Test(arguments: [("a.b-c", "a_b_c"), ("1a", "_1a"), ("", "_"), ("a:b", "a:b"), ("é", "_")])
    func names(text: String, expected: String) {
        #expect(PrometheusText.name(text) == expected)
    }

    @Test(
        arguments: [
            (0, "0"), (1.5, "1.5"), (-2, "-2"), (.infinity, "+Inf"), (-.infinity, "-Inf"), (.nan, "NaN"),
            (1e20, "1e+20"),
        ] as [(Double, String)])
    func numbers(value: Double, expected: String) {
        #expect(PrometheusText.number(value) == expected)
    }

    /// Nothing is lost between threads.
    @Test func manyThreads() async {
        let registry = PrometheusRegistry()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    let counter = registry.makeCounter(label: "c", dimensions: [])
                    let timer = registry.makeTimer(label: "t", dimensions: [])
                    for _ in 0..<10_000 {
                        counter.increment(by: 1)
                        timer.recordNanoseconds(1)
                    }
                }
            }
        }
        #expect(registry.text().contains("\nc 80000\n"))
        #expect(registry.text().contains("\nt_count 80000\n"))
    }
}
