import WebSocketCore
import WebSocketDeflate

/// One end that inflates.
final class Inflation {
    let decompressor: Decompressor
    var state: MessageInflater
    /// How many bytes the last message brought.
    var out = 0

    init(
        decompressor: Decompressor = Decompressor(windowBits: 15), maxMessageSize: Int = 16 << 20, maxRatio: Int? = nil
    ) {
        self.decompressor = decompressor
        self.state = MessageInflater(maxMessageSize: maxMessageSize, maxRatio: maxRatio)
    }

    /// Inflates a message that arrives in pieces, with so much room for output at a time.
    func inflate(
        _ bytes: [UInt8], isText: Bool = true, piece: Int = .max, room: Int = 1024
    ) -> Result<String, ProtocolError> {
        var result: [UInt8] = []
        defer { self.out = result.count }
        self.state.begin(isText: isText)
        var start = 0
        repeat {
            let end = piece < bytes.count - start ? start + piece : bytes.count
            let input = Array(bytes[start..<end])
            var offset = 0
            feeding: while true {
                var output = [UInt8](repeating: 0, count: room)
                let step = input.withUnsafeBytes { input in
                    output.withUnsafeMutableBytes { output in
                        self.state.next(
                            input, at: &offset, isLast: end == bytes.count, into: output, with: self.decompressor)
                    }
                }
                result += output.prefix(step.count)
                switch step.outcome {
                case .needsInput: break feeding
                case .needsRoom: continue
                case .ended: return .success(String(decoding: result, as: UTF8.self))
                case .failed(let error): return .failure(error)
                }
            }
            start = end
        } while start < bytes.count
        fatalError("a message has an end")
    }
}

/// One end that deflates.
final class Deflation {
    let compressor: Compressor

    init(_ settings: Compressor.Settings = .init(level: 6, memLevel: 8, windowBits: 15)) {
        self.compressor = Compressor(settings)
    }

    /// Compresses a message as it goes on the wire.
    func deflate(_ bytes: [UInt8], room: Int = 1024) -> [UInt8] {
        let result = self.flush(bytes, room: room)
        precondition(result.suffix(4) == [0x00, 0x00, 0xFF, 0xFF])
        return result.dropLast(4)
    }

    /// Compresses a piece of a message.
    func flush(_ bytes: [UInt8], room: Int = 1024) -> [UInt8] {
        var result: [UInt8] = []
        var offset = 0
        while true {
            var output = [UInt8](repeating: 0, count: room)
            let (written, isDone) = bytes.withUnsafeBytes { input in
                output.withUnsafeMutableBytes { self.compressor.compress(input, at: &offset, into: $0) }
            }
            result += output.prefix(written)
            if isDone { return result }
        }
    }
}
