import Testing

@testable import WebSocketNIO

@Suite struct MaskingKeysTests {
    @Test func keysDiffer() {
        var keys = MaskingKeys()
        let found = (0..<1000).map { _ in keys.next() }
        // Two of a thousand are equal by chance about once in 8,600 runs; ten are not.
        #expect(Set(found).count > 990)
    }
}
