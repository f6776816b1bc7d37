import NIOCore
import Testing

@testable import duplex

@Suite struct CoresTests {
    @Test func thereIsOneAtLeast() {
        #expect(Cores.usable >= 1)
        #expect(Cores.usable <= System.coreCount)
    }
}
