import Testing
import WebSocketCore

/// What a parser found, with the payload's bytes in place of ranges. A frame's chunks are put together, so that runs over
/// the same bytes in different pieces can be compared.
enum Found: Hashable, Sendable {
    case frame(Frame)
    case ping([UInt8])
    case pong([UInt8])
    case close(CloseFrame)
    case failure(ProtocolError)

    struct Frame: Hashable, Sendable {
        var opcode: Opcode
        var payload: [UInt8]
        var isFirst: Bool
        var isLast: Bool
        var isCompressed: Bool
        var remaining: Int
    }

    /// A data frame; by default a whole message of one frame.
    static func data(
        _ opcode: Opcode, _ payload: [UInt8], first: Bool = true, last: Bool = true, compressed: Bool = false,
        remaining: Int = 0
    ) -> Found {
        .frame(
            Frame(
                opcode: opcode, payload: payload, isFirst: first, isLast: last, isCompressed: compressed,
                remaining: remaining))
    }

    static func text(_ text: String, first: Bool = true, last: Bool = true, remaining: Int = 0) -> Found {
        .data(.text, Array(text.utf8), first: first, last: last, remaining: remaining)
    }

    static func error(_ code: ProtocolError.Code) -> Found {
        .failure(ProtocolError(code))
    }
}

/// One run of a parser over bytes in pieces, as a driver does it: what the parser leaves is kept, and presented again in
/// front of the next piece.
struct Run: Hashable {
    /// What was found.
    var found: [Found] = []
    /// What was left over.
    var rest: [UInt8] = []
    /// How many bytes had been handed over when the run ended: by a close, by a failure, or with the last piece.
    var handed = 0

    init(
        _ pieces: [[UInt8]], role: Role, limits: Limits = Limits(), allowsCompression: Bool = false,
        _ location: SourceLocation = #_sourceLocation
    ) {
        var parser = FrameParser(role: role, limits: limits, allowsCompression: allowsCompression)
        for piece in pieces {
            self.rest += piece
            self.handed += piece.count
            guard self.feed(&parser, location) else { return }
        }
    }

    /// Parses what is there; false when nothing more is to be parsed.
    private mutating func feed(_ parser: inout FrameParser, _ location: SourceLocation) -> Bool {
        var region = self.rest
        var offset = 0
        var goesOn = true
        region.withUnsafeMutableBytes { bytes in
            steps: while true {
                let before = offset
                let event = parser.next(in: bytes, at: &offset)
                #expect((before...bytes.count).contains(offset), sourceLocation: location)
                func payload(_ range: Range<Int>) -> [UInt8] {
                    #expect(range.lowerBound >= before && range.upperBound <= offset, sourceLocation: location)
                    return Array(bytes[range])
                }
                switch event {
                case .needsMoreBytes: break steps
                case .data(let data): self.merge(data, payload(data.range))
                case .ping(let range): self.found.append(.ping(payload(range)))
                case .pong(let range): self.found.append(.pong(payload(range)))
                case .close(let frame):
                    self.found.append(.close(frame))
                    goesOn = false
                    break steps
                case .failure(let error):
                    // Of the frame in which text turns out to be bad, it depends on the pieces how much was reported.
                    if case .frame(let frame) = self.found.last, frame.remaining > 0 { self.found.removeLast() }
                    self.found.append(.failure(error))
                    goesOn = false
                    break steps
                }
            }
        }
        // After a failure nobody looks at what is left, and it may be unmasked in part.
        self.rest = goesOn ? Array(region[offset...]) : []
        if goesOn { #expect(self.rest.count <= 130, sourceLocation: location) }
        return goesOn
    }

    private mutating func merge(_ data: FrameParser.Data, _ payload: [UInt8]) {
        if case .frame(var frame) = self.found.last, frame.remaining > 0 {
            #expect(data.opcode == frame.opcode && !data.isFirst && !frame.isLast)
            #expect(data.isCompressed == frame.isCompressed)
            #expect(frame.remaining == payload.count + data.remainingInFrame)
            frame.payload += payload
            frame.isLast = data.isLast
            frame.remaining = data.remainingInFrame
            self.found[self.found.count - 1] = .frame(frame)
        } else {
            self.found.append(
                .data(
                    data.opcode, payload, first: data.isFirst, last: data.isLast, compressed: data.isCompressed,
                    remaining: data.remainingInFrame))
        }
    }
}

/// Runs the bytes whole, byte by byte, and in two pieces at every place (of long ones: near both ends and at some odd
/// places between), and expects the same of each.
func expect(
    _ bytes: [UInt8], to role: Role, limits: Limits = Limits(), allowsCompression: Bool = false,
    gives expected: [Found], rest: [UInt8] = [], _ location: SourceLocation = #_sourceLocation
) {
    func run(_ pieces: [[UInt8]]) -> Run {
        Run(pieces, role: role, limits: limits, allowsCompression: allowsCompression, location)
    }
    let whole = run([bytes])
    #expect(whole.found == expected, "whole, to a \(role)", sourceLocation: location)
    #expect(whole.rest == rest, "whole, to a \(role)", sourceLocation: location)

    let dripped = run(bytes.map { [$0] })
    #expect(dripped.found == expected, "byte by byte, to a \(role)", sourceLocation: location)
    #expect(dripped.rest == rest, "byte by byte, to a \(role)", sourceLocation: location)

    for place in 0...bytes.count where bytes.count < 400 || place < 20 || place > bytes.count - 20 || place % 4_999 == 0
    {
        let split = run([Array(bytes[..<place]), Array(bytes[place...])])
        #expect(split.found == expected, "split at \(place), to a \(role)", sourceLocation: location)
        #expect(split.rest == rest, "split at \(place), to a \(role)", sourceLocation: location)
    }
}

/// Expects the same in both roles: of a client as the frames are, of a server with each of them masked.
func expectInBothRoles(
    _ frames: [[UInt8]], limits: Limits = Limits(), allowsCompression: Bool = false, gives expected: [Found],
    _ location: SourceLocation = #_sourceLocation
) {
    expect(
        frames.flatMap { $0 }, to: .client, limits: limits, allowsCompression: allowsCompression, gives: expected,
        location)
    let masked = frames.enumerated().flatMap { index, frame in
        mask(frame, key: [0x37, 0xFA, 0x21, UInt8(truncatingIfNeeded: 0x3D + index)])
    }
    expect(masked, to: .server, limits: limits, allowsCompression: allowsCompression, gives: expected, location)
}

/// A frame of a server as a client would have sent it, by the letter of section 5.3: byte i is combined with the key's
/// byte i modulo 4.
func mask(_ frame: [UInt8], key: [UInt8]) -> [UInt8] {
    let size = frame[1] == 127 ? 10 : frame[1] == 126 ? 4 : 2
    var masked = Array(frame[..<size])
    masked[1] |= 0x80
    masked += key
    for (index, byte) in frame[size...].enumerated() {
        masked.append(byte ^ key[index % 4])
    }
    return masked
}
