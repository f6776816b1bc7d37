import NIOCore

/// Which connections begin with a PROXY protocol header (versions 1 and 2, of haproxy's proxy-protocol.txt), which tells a
/// client's address to a server behind a proxy.
public enum ProxyProtocol: Sendable, Hashable {
    /// None.
    case off
    /// All from these addresses, and they must. Connections from elsewhere are served as they are: a header there is a bad request.
    case required(from: [AddressRange])

    /// Whether a connection from this address begins with one.
    func isRequired(from address: SocketAddress?) -> Bool {
        switch self {
        case .off: false
        case .required(let ranges): ranges.contains(address)
        }
    }
}

/// A PROXY protocol header.
struct ProxyHeader: Equatable {
    /// The client; nil where the proxy speaks for itself (a health check), or does not say.
    var source: SocketAddress?
    /// What the client connected to.
    var destination: SocketAddress?

    /// Why bytes are no header.
    struct ParsingError: Error, Equatable, CustomStringConvertible {
        let description: String

        init(_ reason: String) {
            self.description = "PROXY protocol: \(reason)"
        }
    }

    /// The longest header of version 1, with its CRLF: fixed by the protocol.
    static let maxVersion1 = 107
    /// The longest of version 2: 16 bytes and 2 KiB. What stands behind the addresses (a certificate's name, say) is not used here.
    static let maxVersion2 = 16 + 2048

    private static let signature: [UInt8] = [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A]
    private static let word = Array("PROXY ".utf8)

    /// Reads a header from the front of the bytes, and takes it from them; nil, and nothing is taken, while it is incomplete.
    init?(from bytes: inout ByteBuffer) throws(ParsingError) {
        let view = bytes.readableBytesView
        if view.starts(with: ProxyHeader.signature) {
            guard let header = try ProxyHeader.version2(&bytes) else { return nil }
            self = header
        } else if view.starts(with: ProxyHeader.word) {
            guard let header = try ProxyHeader.version1(&bytes) else { return nil }
            self = header
        } else if ProxyHeader.signature.starts(with: view) || ProxyHeader.word.starts(with: view) {
            return nil
        } else {
            throw ParsingError("the connection does not begin with a header")
        }
    }

    init(source: SocketAddress? = nil, destination: SocketAddress? = nil) {
        self.source = source
        self.destination = destination
    }

    // MARK: Version 1, a line of text

    private static func version1(_ bytes: inout ByteBuffer) throws(ParsingError) -> ProxyHeader? {
        let view = bytes.readableBytesView.prefix(maxVersion1)
        guard let end = view.firstIndex(of: 0x0A) else {
            if view.count == maxVersion1 { throw ParsingError("the line is longer than \(maxVersion1) bytes") }
            return nil
        }
        guard view[..<end].last == 0x0D else { throw ParsingError("the line does not end with CRLF") }
        let line = String(decoding: view[..<(end - 1)], as: UTF8.self)
        bytes.moveReaderIndex(to: end + 1)
        let words = line.split(separator: " ", omittingEmptySubsequences: false)
        if words.count >= 2, words[1] == "UNKNOWN" { return ProxyHeader() }
        guard words.count == 6, words[1] == "TCP4" || words[1] == "TCP6" else {
            throw ParsingError("the line is not of the form PROXY TCP4 SOURCE DESTINATION PORT PORT")
        }
        let size = words[1] == "TCP4" ? 4 : 16
        return ProxyHeader(
            source: try address(words[2], words[4], size), destination: try address(words[3], words[5], size))
    }

    private static func address(
        _ text: Substring, _ port: Substring, _ size: Int
    ) throws(ParsingError) -> SocketAddress {
        let digits = port.utf8.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
        guard digits, port == "0" || !port.hasPrefix("0"), let number = UInt16(port) else {
            throw ParsingError("\"\(port)\" is no port")
        }
        let isFamily = text.contains(":") == (size == 16) && !text.contains("%")
        guard isFamily, let address = try? SocketAddress(ipAddress: String(text), port: Int(number)) else {
            throw ParsingError("\"\(text)\" is no address of this family")
        }
        return address
    }

    // MARK: Version 2, binary

    private static func version2(_ bytes: inout ByteBuffer) throws(ParsingError) -> ProxyHeader? {
        var reader = bytes
        reader.moveReaderIndex(forwardBy: signature.count)
        guard let command = reader.readInteger(as: UInt8.self) else { return nil }
        guard command >> 4 == 2, command & 0xF <= 1 else { throw ParsingError("version or command is unknown") }
        guard let family = reader.readInteger(as: UInt8.self), let count = reader.readInteger(as: UInt16.self) else {
            return nil
        }
        guard Int(count) + 16 <= maxVersion2 else {
            throw ParsingError("the header is longer than \(maxVersion2) bytes")
        }
        guard var rest = reader.readSlice(length: Int(count)) else { return nil }
        bytes = reader
        // The proxy speaks for itself, whatever it says of addresses.
        if command & 0xF == 0 { return ProxyHeader() }
        switch family {
        case 0x11: return try addresses(&rest, size: 4)
        case 0x21: return try addresses(&rest, size: 16)
        case 0x00: return ProxyHeader()
        case 0x31:
            guard rest.readableBytes >= 216 else { throw ParsingError("the addresses are cut off") }
            return ProxyHeader()
        default: throw ParsingError("the family or transport \(family) is not TCP")
        }
    }

    private static func addresses(_ rest: inout ByteBuffer, size: Int) throws(ParsingError) -> ProxyHeader {
        guard let source = rest.readSlice(length: size), let destination = rest.readSlice(length: size),
            let sourcePort = rest.readInteger(as: UInt16.self), let port = rest.readInteger(as: UInt16.self),
            let from = try? SocketAddress(packedIPAddress: source, port: Int(sourcePort)),
            let to = try? SocketAddress(packedIPAddress: destination, port: Int(port))
        else { throw ParsingError("the addresses are cut off") }
        return ProxyHeader(source: from, destination: to)
    }
}
