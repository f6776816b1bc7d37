public import NIOCore

/// A range of addresses: "10.0.0.0/8", "2001:db8::/32", a single address, or "unix:" for all Unix sockets.
public struct AddressRange: Sendable, Hashable {
    /// The address's bytes: 4, 16, or none for Unix sockets.
    private let bytes: [UInt8]
    /// How many bits of them count.
    private let bits: Int

    /// Why a text is no range.
    public struct ParsingError: Error, CustomStringConvertible {
        /// One line for people.
        public let description: String
    }

    /// All Unix sockets.
    public static let unix = AddressRange(bytes: [], bits: 0)
    /// This machine: 127.0.0.0/8 and ::1.
    public static let loopback = [
        AddressRange(bytes: [127, 0, 0, 0], bits: 8),
        AddressRange(bytes: Array(repeating: 0, count: 15) + [1], bits: 128),
    ]

    private init(bytes: [UInt8], bits: Int) {
        self.bytes = bytes
        self.bits = bits
    }

    /// Reads a range.
    ///
    /// - Parameter text: An address, perhaps with "/" and how many of its bits count; or "unix:".
    /// - Throws: ``ParsingError`` when it is none; also when bits are set that do not count, which would hide a mistake.
    public init(parsing text: String) throws(ParsingError) {
        if text == "unix:" {
            self = .unix
            return
        }
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let bytes = AddressRange.bytes(of: String(parts[0])) else {
            throw ParsingError(description: "\"\(text)\" is no address and no range such as 10.0.0.0/8")
        }
        var bits = bytes.count * 8
        if parts.count == 2 {
            let isNumber = parts[1].utf8.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
            guard isNumber, parts[1] == "0" || !parts[1].hasPrefix("0"), let number = Int(parts[1]), number <= bits
            else {
                throw ParsingError(description: "\"\(text)\" needs a number from 0 to \(bits) behind the slash")
            }
            bits = number
        }
        for bit in bits..<bytes.count * 8 where bytes[bit / 8] & (0x80 >> (bit % 8)) != 0 {
            throw ParsingError(description: "\"\(text)\" has bits set beyond the first \(bits)")
        }
        self.init(bytes: bytes, bits: bits)
    }

    /// The bytes of an address; nil when the text is none. Only IPv4's usual form: four decimal numbers.
    private static func bytes(of text: String) -> [UInt8]? {
        // A zone, as in fe80::1%eth0, is no part of a range.
        guard !text.contains("%"), let address = try? SocketAddress(ipAddress: text, port: 0) else { return nil }
        return address.addressBytes
    }

    /// Whether the address is in the range. An IPv4 address that came as IPv6 (::ffff:10.0.0.1) is that IPv4 address.
    public func contains(_ address: SocketAddress) -> Bool {
        let bytes = address.addressBytes
        guard bytes.count == self.bytes.count else { return false }
        let (whole, rest) = self.bits.quotientAndRemainder(dividingBy: 8)
        guard bytes.prefix(whole).elementsEqual(self.bytes.prefix(whole)) else { return false }
        return rest == 0 || (bytes[whole] ^ self.bytes[whole]) >> (8 - rest) == 0
    }
}

extension AddressRange: CustomStringConvertible {
    /// As it is written.
    public var description: String {
        if self.bytes.isEmpty { return "unix:" }
        let address = (try? SocketAddress(packedIPAddress: ByteBuffer(bytes: self.bytes), port: 0))?.ipAddress ?? ""
        return self.bits == self.bytes.count * 8 ? address : "\(address)/\(self.bits)"
    }
}

extension [AddressRange] {
    /// Whether the address is in one of the ranges; a channel without an address counts as a Unix socket.
    func contains(_ address: SocketAddress?) -> Bool {
        guard let address else { return self.contains(.unix) }
        return self.contains { $0.contains(address) }
    }
}

extension SocketAddress {
    /// The bytes of an IP address, those of IPv4 where it is one in IPv6's clothes; none for a Unix socket.
    var addressBytes: [UInt8] {
        // By its place in the structure, which is the same on all systems: NIO's own import of the names is not ours to use.
        let (offset, count) =
            switch self {
            case .v4: (4, 4)
            case .v6: (8, 16)
            case .unixDomainSocket: (0, 0)
            }
        let bytes = self.withSockAddr { address, size in
            Array(UnsafeRawBufferPointer(start: address, count: size)[offset..<offset + count])
        }
        let isMapped =
            count == 16 && bytes[..<10].allSatisfy { $0 == 0 } && bytes[10] == 0xFF && bytes[11] == 0xFF
        return isMapped ? Array(bytes[12...]) : bytes
    }
}
