#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The processor's time.
enum CPUTime {
    /// What this process has used of it since its start, its own and the kernel's for it, in microseconds. Any thread.
    static var microseconds: Int64 {
        var usage = rusage()
        #if canImport(Glibc)
        let failed = getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) != 0
        #else
        let failed = getrusage(RUSAGE_SELF, &usage) != 0
        #endif
        guard !failed else { return 0 }
        return [usage.ru_utime, usage.ru_stime].reduce(0) { $0 + Int64($1.tv_sec) * 1_000_000 + Int64($1.tv_usec) }
    }
}
