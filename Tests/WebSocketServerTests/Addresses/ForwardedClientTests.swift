import HTTPTypes
import NIOCore
import Testing

@testable import WebSocketServer

struct ForwardedClientTests {
    /// What is read of these fields when the connection comes from 10.0.0.1, and 10.0.0.0/8 is trusted.
    private func client(
        _ fields: [(String, String)], in field: ForwardedField = .xForwardedFor, from: String? = "10.0.0.1"
    ) throws -> ForwardedClient {
        var http = HTTPFields()
        for (name, value) in fields { http.append(HTTPField(name: HTTPField.Name(name)!, value: value)) }
        return ForwardedClient(
            of: http, from: try from.map { try SocketAddress(ipAddress: $0, port: 1) },
            trusting: [try AddressRange(parsing: "10.0.0.0/8"), .unix], in: field)
    }

    @Test(
        arguments: [
            ("for=192.0.2.43", "192.0.2.43", nil, nil),
            ("For=\"[2001:db8:cafe::17]:4711\"", "2001:db8:cafe::17", nil, nil),
            ("for=192.0.2.60;proto=HTTPS;by=203.0.113.43;host=example.com", "192.0.2.60", "https", "example.com"),
            // The client's own entry comes first, and is not believed.
            ("for=1.1.1.1, for=192.0.2.43", "192.0.2.43", nil, nil),
            // Over a second proxy that is trusted.
            ("for=192.0.2.43;host=a, for=10.0.0.2;host=b", "192.0.2.43", nil, "a"),
            ("for=unknown", "10.0.0.1", nil, nil), ("for=_hidden, for=10.0.0.2", "10.0.0.2", nil, nil),
            ("for=\"192.0.2.43:_port\"", "192.0.2.43", nil, nil), ("for=\"a\\\"b, for=1.1.1.1\"", "10.0.0.1", nil, nil),
            ("for=192.0.2.43;;", "192.0.2.43", nil, nil), (" , for=192.0.2.43 , ", "192.0.2.43", nil, nil),
            // What a client leaves open does not swallow the proxy's, which stands behind it.
            ("for=\", for=192.0.2.43", "192.0.2.43", nil, nil),
            ("for=\"\\, for=\"192.0.2.43:1\";host=\"a,\\\"b\"", "192.0.2.43", nil, "a,\"b"),
            ("garbage, for=192.0.2.43", "192.0.2.43", nil, nil),
            ("for=192.0.2.43, garbage, for=10.0.0.2", "10.0.0.2", nil, nil),
            // Broken: nothing is believed.
            ("for", "10.0.0.1", nil, nil), ("for=\"192.0.2.43", "10.0.0.1", nil, nil),
            ("for=a b", "10.0.0.1", nil, nil),
            ("for=192.0.2.43, =", "10.0.0.1", nil, nil),
        ] as [(String, String, String?, String?)])
    func forwarded(value: String, address: String, scheme: String?, host: String?) throws {
        let client = try self.client([("Forwarded", value)], in: .forwarded)
        #expect(client.address?.ipAddress == address)
        #expect(client.scheme == scheme)
        #expect(client.host == host)
    }

    /// Several fields are one list.
    @Test func severalFields() throws {
        let client = try self.client([("Forwarded", "for=192.0.2.43"), ("Forwarded", "for=10.0.0.2")], in: .forwarded)
        #expect(client.address?.ipAddress == "192.0.2.43")
    }

    @Test func xForwarded() throws {
        let client = try self.client([
            ("X-Forwarded-For", "1.1.1.1, 192.0.2.43, 10.0.0.2"), ("X-Forwarded-Proto", "https"),
            ("X-Forwarded-Host", "example.com"),
        ])
        #expect(client.address?.ipAddress == "192.0.2.43")
        #expect(client.scheme == "https")
        #expect(client.host == "example.com")
    }

    /// A proxy that writes the one field passes a client's other one on: that is not looked at, even where it is alone.
    @Test func oneFieldOnly() throws {
        let forwarded = ("Forwarded", "for=1.1.1.1;proto=https;host=evil.example")
        let x = [("X-Forwarded-For", "192.0.2.43"), ("X-Forwarded-Proto", "http"), ("X-Forwarded-Host", "x.example")]
        let byX = try self.client([forwarded] + x)
        #expect(byX.address?.ipAddress == "192.0.2.43")
        #expect(byX.scheme == "http")
        #expect(byX.host == "x.example")
        let byForwarded = try self.client([forwarded] + x, in: .forwarded)
        #expect(byForwarded.address?.ipAddress == "1.1.1.1")
        #expect(byForwarded.scheme == "https")
        #expect(byForwarded.host == "evil.example")
        let nobody = ForwardedClient(address: try SocketAddress(ipAddress: "10.0.0.1", port: 1))
        #expect(try self.client([forwarded]) == nobody)
        #expect(try self.client([("X-Forwarded-For", ""), forwarded]) == nobody)
        #expect(try self.client(x, in: .forwarded) == nobody)
    }

    @Test(arguments: [
        ("https", "https"), ("WSS", "https"), ("http", "http"), ("ws", "http"), ("ftp", nil), ("", nil),
    ])
    func pageScheme(told: String, scheme: String?) throws {
        #expect(try self.client([("X-Forwarded-Proto", told)]).pageScheme == scheme)
        #expect(try self.client([("Forwarded", "proto=\(told)")], in: .forwarded).pageScheme == scheme)
    }

    /// From whom it comes decides.
    @Test func whoIsBelieved() throws {
        for field in [ForwardedField.xForwardedFor, .forwarded] {
            let stranger = try self.client(
                [("X-Forwarded-For", "192.0.2.43"), ("Forwarded", "for=1.1.1.1")], in: field, from: "192.0.2.1")
            #expect(stranger.address?.ipAddress == "192.0.2.1")
        }
        let unix = try self.client([("X-Forwarded-For", "192.0.2.43")], from: nil)
        #expect(unix.address?.ipAddress == "192.0.2.43")
    }

    /// A list without end is not read to its end.
    @Test func bounded() throws {
        let many = Array(repeating: "10.0.0.2", count: 1000).joined(separator: ", ")
        let client = try self.client([("X-Forwarded-For", "192.0.2.43, " + many)])
        #expect(client.address?.ipAddress == "10.0.0.2")
        let elements = Array(repeating: "for=10.0.0.2", count: 1000).joined(separator: ", ")
        let forwarded = try self.client([("Forwarded", "for=192.0.2.43, " + elements)], in: .forwarded)
        #expect(forwarded.address?.ipAddress == "10.0.0.2")
    }
}
