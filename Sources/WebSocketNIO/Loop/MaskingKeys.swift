#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Android)
import Android
#endif

/// Masking keys from the operating system's randomness, which RFC 6455 (sections 5.3 and 10.3) wants to be unpredictable.
/// 64 are fetched at a time: a system call for each would cost more than masking a small message.
struct MaskingKeys {
    private static let count = 64
    private var keys: [UInt32] = []

    mutating func next() -> UInt32 {
        if let key = self.keys.popLast() { return key }
        self.keys = [UInt32](repeating: 0, count: MaskingKeys.count)
        let result = self.keys.withUnsafeMutableBytes { getentropy($0.baseAddress!, $0.count) }
        precondition(result == 0, "the operating system has no randomness")
        return self.keys.removeLast()
    }
}
