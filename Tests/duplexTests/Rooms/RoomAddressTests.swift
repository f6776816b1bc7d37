import ArgumentParser
import Testing

@testable import duplex

@Suite struct RoomAddressTests {
    @Test func paths() throws {
        let address = try RoomAddress("http://a", room: "chat", member: nil)
        #expect(address.socket == "http://a/rooms")
        #expect(address.resource("messages") == "http://a/rooms/chat/messages")
        #expect(address.resource("stream", [("after", "1")]) == "http://a/rooms/chat/stream?after=1")
    }

    @Test(arguments: ["https://a:1/b", "https://a:1/b/"]) func belowABase(_ url: String) throws {
        let address = try RoomAddress(url, room: "chat", member: nil)
        #expect(address.socket == "https://a:1/b/rooms")
    }

    @Test func aBasesQueryGoesAlong() throws {
        let address = try RoomAddress("ws://a/b?t=1%20", room: "chat", member: "ä &")
        #expect(address.socket == "ws://a/b/rooms?t=1%20&as=%C3%A4%20%26")
        #expect(
            address.resource("messages", [("epoch", "x"), ("limit", "0")])
                == "ws://a/b/rooms/chat/messages?t=1%20&as=%C3%A4%20%26&epoch=x&limit=0")
        #expect(try RoomAddress("ws://a/?", room: "chat", member: nil).socket == "ws://a/rooms")
    }

    @Test func namesAreEncoded() throws {
        let address = try RoomAddress("ws://a/", room: "Größe %?#+~-._😀", member: nil)
        #expect(address.resource("members") == "ws://a/rooms/Gr%C3%B6%C3%9Fe%20%25%3F%23%2B~-._%F0%9F%98%80/members")
    }

    @Test(
        arguments: [
            ("ws://a/", "a/b", nil), ("ws://a/", "", nil), ("ws://a/", "..", nil), ("ws://a/", "chat", ""),
            ("ftp://a/", "chat", nil), ("a", "chat", nil), ("ws://a/#b", "chat", nil), ("", "chat", nil),
        ] as [(String, String, String?)]) func whatIsNone(_ url: String, _ room: String, _ member: String?)
    {
        #expect(throws: ValidationError.self) { try RoomAddress(url, room: room, member: member) }
    }
}
