import ArgumentParser
import RealtimeCore
import WebSocketClient

/// Where a room is, by the paths of docs/protocol.md.
struct RoomAddress: Hashable, Sendable {
    let room: RoomName
    /// Up to the `/` before `rooms`.
    private let base: String
    /// What the base has as its query, and who asks.
    private let query: [String]

    /// - Parameters:
    ///   - url: The base: http, https, ws or wss. A query goes along in all requests.
    ///   - room: The room's name.
    ///   - member: Who asks, for `duplex serve`; nil not to say.
    /// - Throws: `ValidationError` with a text for people.
    init(_ url: String, room: String, member: String?) throws {
        do {
            self.room = try RoomName(room)
            if let member { _ = try MemberID(member) }
            _ = try WebSocketURL(url)
        } catch {
            throw ValidationError("\(error)")
        }
        let parts = url.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        self.base = parts[0].hasSuffix("/") ? String(parts[0]) : parts[0] + "/"
        let given = parts.count > 1 && !parts[1].isEmpty ? [String(parts[1])] : []
        self.query = given + (member.map { ["as=" + RoomAddress.encoded($0)] } ?? [])
    }

    /// The WebSocket.
    var socket: String { self.url("rooms", []) }

    /// A resource of the room, with a query.
    func resource(_ name: String, _ query: [(name: String, value: String)] = []) -> String {
        self.url(
            "rooms/\(RoomAddress.encoded(self.room.text))/\(name)",
            query.map { "\($0.name)=\(RoomAddress.encoded($0.value))" })
    }

    private func url(_ path: String, _ query: [String]) -> String {
        let query = self.query + query
        return self.base + path + (query.isEmpty ? "" : "?" + query.joined(separator: "&"))
    }

    /// A segment of a path, or a value of a query: all but the unreserved characters percent-encoded (RFC 3986, section 2.3).
    static func encoded(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                result.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let hex = String(byte, radix: 16, uppercase: true)
                result += "%" + (hex.count == 1 ? "0" : "") + hex
            }
        }
        return result
    }
}
