import PrometheusMetrics
import Testing

@testable import duplex

struct ProcessMetricsTests {
    @Test func parses() {
        let limits =
            "Limit                     Soft Limit           Hard Limit           Units     \nMax open files            1024                 524288               files     \n"
        #expect(ProcessMetrics.maxDescriptors(limits) == 1024)
        #expect(ProcessMetrics.maxDescriptors("") == nil)
        #expect(ProcessMetrics.resident("Name:\tx\nVmRSS:\t    2048 kB\n") == 2_097_152)
        #expect(ProcessMetrics.resident("") == nil)
        let stat = "1 (a) b) S 0 1 1 0 -1 4194560 1 2 3 4 150 50 0 0 20 0 1 0 1"
        #expect(ProcessMetrics.cpuSeconds(stat) == 2)
        #expect(ProcessMetrics.cpuSeconds("") == nil)
    }

    #if os(Linux)
    @Test func ofThisProcess() {
        let registry = PrometheusRegistry()
        ProcessMetrics.collect(into: registry)
        for name in ProcessMetrics.help.keys { #expect(registry.text().contains("# TYPE \(name) gauge")) }
    }
    #endif
}
