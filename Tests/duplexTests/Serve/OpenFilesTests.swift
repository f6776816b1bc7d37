import Testing

@testable import duplex

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

@Suite struct OpenFilesTests {
    #if canImport(Glibc)
    @Test func theSoftLimitIsRaisedToTheHardOne() {
        let resource = __rlimit_resource_t(UInt32(RLIMIT_NOFILE.rawValue))
        var before = rlimit()
        getrlimit(resource, &before)
        // Far above what the other tests have open.
        var lowered = rlimit(rlim_cur: min(900, before.rlim_max), rlim_max: before.rlim_max)
        setrlimit(resource, &lowered)
        let raised = OpenFiles.raise()
        var after = rlimit()
        getrlimit(resource, &after)
        #expect(raised == Int(clamping: before.rlim_max))
        #expect(after.rlim_cur == before.rlim_max)
        setrlimit(resource, &before)
    }
    #endif
}
