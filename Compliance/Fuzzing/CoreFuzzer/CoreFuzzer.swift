/// libFuzzer's entry, called with one input after the other.
///
/// An input's first two bytes say what is done with the rest: the first one's highest two bits choose the check, all other
/// bits are its settings.
///
/// - Parameters:
///   - start: The input, which must not be changed.
///   - count: Its size in bytes.
/// - Returns: Always 0; a finding traps.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard let start, count >= 2 else { return 0 }
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    let settings = UInt16(input[0] & 0x3F) << 8 | UInt16(input[1])
    let rest = Array(input[2...])
    switch input[0] >> 6 {
    case 0: ParserCheck(settings: settings).run(rest)
    case 1: checkDeflate(settings: settings, rest)
    case 2: checkMachine(settings: settings, rest)
    default: checkHandshake(settings: settings, rest)
    }
    return 0
}

/// Traps with a line that says what was found. (`precondition` would say nothing in a release build.)
func require(_ condition: Bool, _ message: @autoclosure () -> String) {
    guard condition else { fatalError("finding: \(message())") }
}

/// Whether the bytes are the same. (`==` would be a comparison with coverage for each of them.)
func isSame(_ one: ArraySlice<UInt8>, _ other: ArraySlice<UInt8>) -> Bool {
    guard one.count == other.count else { return false }
    return one.withUnsafeBytes { one in
        other.withUnsafeBytes { compare(one.baseAddress, $0.baseAddress, $0.count) == 0 }
    }
}

@_silgen_name("memcmp")
private func compare(_ one: UnsafeRawPointer?, _ other: UnsafeRawPointer?, _ count: Int) -> CInt
