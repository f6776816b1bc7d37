import CoreMetrics
import PrometheusMetrics

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// What the kernel says about this process, under the names that Prometheus' own clients use. Linux only; elsewhere there are none.
enum ProcessMetrics {
    /// What metrics are about, by name.
    static let help = [
        "process_open_fds": "Open file descriptors.", "process_max_fds": "How many there may be.",
        "process_resident_memory_bytes": "Memory that is in use.",
        "process_cpu_seconds_total": "CPU time, of the kernel and of the process.",
    ]

    /// Reads them.
    static func collect(into registry: PrometheusRegistry) {
        func set(_ name: String, _ value: Double?) {
            if let value { registry.makeMeter(label: name, dimensions: []).set(value) }
        }
        set(
            "process_open_fds",
            (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")).map { Double($0.count) })
        set("process_max_fds", self.maxDescriptors(self.read("/proc/self/limits")))
        set("process_resident_memory_bytes", self.resident(self.read("/proc/self/status")))
        set("process_cpu_seconds_total", self.cpuSeconds(self.read("/proc/self/stat")))
    }

    private static func read(_ path: String) -> String {
        (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    }

    /// The soft limit in `/proc/self/limits`.
    static func maxDescriptors(_ text: String) -> Double? {
        let line = text.split(separator: "\n").first { $0.hasPrefix("Max open files") }
        return line?.split(separator: " ").dropFirst(3).first.flatMap { Double($0) }
    }

    /// `VmRSS` in `/proc/self/status`, which is in KiB.
    static func resident(_ text: String) -> Double? {
        let line = text.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
        return line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Double($0) }.map { $0 * 1024 }
    }

    /// The times in `/proc/self/stat`, which are in hundredths of a second; behind the name, which may hold anything.
    static func cpuSeconds(_ text: String) -> Double? {
        guard let end = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: end)...].split(separator: " ")
        guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else { return nil }
        return (user + system) / 100
    }
}
