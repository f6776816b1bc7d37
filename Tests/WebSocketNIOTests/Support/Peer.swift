import WebSocketCore
import WebSocketDeflate

/// The other end's compression: makes what it sends, and understands what it gets.
final class Peer {
    private let compressor: Compressor
    private let decompressor: Decompressor
    private var inflater = MessageInflater(maxMessageSize: .max)
    private let standsAlone: Bool

    /// - Parameters:
    ///   - standsAlone: Whether no message refers to earlier ones, both ways.
    ///   - windowBits: The window that it inflates with.
    init(standsAlone: Bool = false, windowBits: Int = 15) {
        self.standsAlone = standsAlone
        self.compressor = Compressor(.init(level: 6, memLevel: 8, windowBits: 15))
        self.decompressor = Decompressor(windowBits: windowBits)
    }

    /// What a message becomes on the wire.
    func deflate(_ bytes: [UInt8]) -> [UInt8] {
        if self.standsAlone { self.compressor.reset() }
        return self.flush(bytes).dropLast(Compressor.tail.count)
    }

    func deflate(_ text: String) -> [UInt8] { self.deflate(Array(text.utf8)) }

    /// What a piece of a message becomes, with its tail.
    func flush(_ bytes: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        var offset = 0
        var output = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let (written, isDone) = bytes.withUnsafeBytes { input in
                output.withUnsafeMutableBytes { self.compressor.compress(input, at: &offset, into: $0) }
            }
            result += output.prefix(written)
            if isDone { return result }
        }
    }

    /// What a message was, or a part of it, as far as it can be told; nil when it is not deflate.
    func inflate(_ bytes: [UInt8], isFirst: Bool = true, isLast: Bool = true) -> Bytes? {
        if isFirst {
            if self.standsAlone { self.decompressor.reset() }
            self.inflater.begin(isText: false)
        }
        var result: [UInt8] = []
        var offset = 0
        var output = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let step = bytes.withUnsafeBytes { input in
                output.withUnsafeMutableBytes {
                    self.inflater.next(input, at: &offset, isLast: isLast, into: $0, with: self.decompressor)
                }
            }
            result += output.prefix(step.count)
            switch step.outcome {
            case .needsRoom: continue
            case .needsInput, .ended: return Bytes(result)
            case .failed: return nil
            }
        }
    }

    /// What a message of one frame was, compressed or not.
    func read(_ frame: Embedded.Frame) -> Bytes? {
        frame.isCompressed ? self.inflate(frame.payload) : Bytes(frame.payload)
    }
}

extension PerMessageDeflate {
    /// Messages may refer to earlier ones, both ways.
    static let takeover = PerMessageDeflate()
    /// Each message stands alone, both ways.
    static let alone = PerMessageDeflate(serverNoContextTakeover: true, clientNoContextTakeover: true)
}

/// The examples of RFC 7692, section 7.2.3: "Hello", and "Hello" once more, which refers to the first.
enum Hello {
    static let first: [UInt8] = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]
    static let again: [UInt8] = [0xf2, 0x00, 0x11, 0x00, 0x00]
    static let text = Array("Hello".utf8)
}

/// Bytes that cannot be made smaller, the same each time.
func noise(_ count: Int) -> [UInt8] {
    var state: UInt64 = 0x9E37_79B9_7F4A_7C15
    return (0..<count).map { _ in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return UInt8(truncatingIfNeeded: state >> 56)
    }
}

/// Text that becomes about half as large.
func digits(_ count: Int) -> [UInt8] {
    let digits = Array("0123456789abcdef".utf8)
    return noise(count).map { digits[Int($0 >> 4)] }
}

/// Many bytes. A test that fails says how many they are: to show how megabytes differ would take minutes.
struct Bytes: Equatable, Sendable, CustomStringConvertible, CustomReflectable {
    let bytes: [UInt8]

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    var description: String { self.bytes.count > 64 ? "\(self.bytes.count) bytes" : "\(self.bytes)" }
    var customMirror: Mirror { Mirror(self, children: []) }
}
