import Hummingbird
import RealtimeCore
import TestSupport
import Testing

@testable import Realtime

@Suite(.timeLimit(.minutes(1))) struct RoomsHTTPTests {
    @Test func listsMembers() async throws {
        try await RoomsServer.with { server in
            let empty = try await server.ask("GET", "/rooms/chat/members")
            #expect(empty.body == #"{"room":"chat","count":0,"members":[]}"#)
            try await server.hub.join(
                server.chat, as: try MemberID("bob"), info: MemberInfo(json: Array(#"{"a":1}"#.utf8)),
                connection: server.hub.makeConnectionID())
            let one = try await server.ask("GET", "/rooms/chat/members")
            #expect(one.status == 200)
            #expect(one.body == #"{"room":"chat","count":1,"members":[{"id":"bob","info":{"a":1}}]}"#)
        }
    }

    @Test(arguments: [
        "/rooms/chat", "/rooms/chat/", "/rooms/chat/nothing", "/rooms/chat/messages/1", "/rooms/a/b/c/d",
    ])
    func thereIsNothingElse(_ path: String) async throws {
        try await RoomsServer.with { server in
            for method in ["GET", "POST", "DELETE"] {
                let answer = try await server.ask(method, path)
                #expect(answer.status == 404)
                #expect(answer.body == #"{"error":{"code":"not_found","message":"there is nothing at this path"}}"#)
            }
        }
    }

    @Test(arguments: [
        ("PUT", "messages", "GET, HEAD, POST"), ("DELETE", "messages", "GET, HEAD, POST"),
        ("POST", "members", "GET, HEAD"), ("POST", "stream", "GET, HEAD"), ("PATCH", "stream", "GET, HEAD"),
    ])
    func otherMethodsAreRefused(_ method: String, _ path: String, _ allowed: String) async throws {
        try await RoomsServer.with { server in
            let answer = try await server.ask(method, "/rooms/chat/\(path)")
            #expect(answer.status == 405)
            #expect(answer.values("Allow") == [allowed])
            #expect(answer.body.hasPrefix(#"{"error":{"code":"invalid_request","#))
        }
    }

    @Test(arguments: [
        ("%C3%A4%20b", "ä b", 200), ("a%2Fb", "", 400), ("%2e%2e", "", 400), ("%zz", "", 400), ("%C3", "", 400),
        ("%0a", "", 400), (String(repeating: "x", count: 128), String(repeating: "x", count: 128), 200),
        (String(repeating: "x", count: 129), "", 400), ("a+b", "a+b", 200),
    ])
    func namesAreDecodedAndChecked(_ segment: String, _ name: String, _ status: Int) async throws {
        try await RoomsServer.with { server in
            let answer = try await server.ask("GET", "/rooms/\(segment)/members")
            #expect(answer.status == status)
            let start = status == 200 ? #"{"room":"\#(name)","# : #"{"error":{"code":"invalid_room","#
            #expect(answer.body.hasPrefix(start))
        }
    }

    @Test func wantsToKnowWhoAsks() async throws {
        try await RoomsServer.with { server in
            for (method, path) in [
                ("GET", "messages"), ("POST", "messages"), ("GET", "members"), ("GET", "stream"), ("HEAD", "stream"),
            ] {
                let answer = try await server.ask(method, "/rooms/chat/\(path)", as: nil)
                #expect(answer.status == 401)
                if method != "HEAD" {
                    #expect(answer.body == #"{"error":{"code":"unauthorized","message":"who are you?"}}"#)
                }
            }
            // What is thrown is an answer, too.
            let bad = try await server.ask("GET", "/rooms/chat/members", as: String(repeating: "x", count: 129))
            #expect(bad.status == 400 && bad.body.hasPrefix(#"{"error":{"code":"invalid_member","#))
        }
    }

    @Test(arguments: [
        ("GET", "messages", RoomAction.join), ("GET", "stream", .join), ("HEAD", "stream", .join),
        ("POST", "messages", .publish), ("GET", "members", .presence), ("GET", "stream?presence=1", .presence),
    ])
    func asksWhetherItMay(_ method: String, _ path: String, _ forbidden: RoomAction) async throws {
        let configuration = HubConfiguration(permissions: { identity, action, room in
            action == forbidden ? .forbidden("\(identity.member) may not in \(room)") : .allowed
        })
        try await RoomsServer.with(configuration: configuration) { server in
            let answer = try await server.ask(
                method, "/rooms/chat/\(path)", ["Content-Type": "application/json"],
                body: method == "POST" ? #"{"data":1}"# : "")
            #expect(answer.status == 403)
            if method != "HEAD" {
                #expect(answer.body == #"{"error":{"code":"forbidden","message":"ann may not in chat"}}"#)
            }
            #expect(try await server.hub.read(server.chat, from: .oldest).messages.isEmpty)
        }
    }

    @Test(arguments: ["messages", "stream"])
    func saysThatTheRoomCannotBeRead(_ path: String) async throws {
        try await RoomsServer.with { server in
            let answer = try await server.ask("GET", "/rooms/broken/\(path)")
            #expect(answer.status == 503)
            #expect(answer.values("Retry-After") == ["5"])
            #expect(answer.body == #"{"error":{"code":"unavailable","message":"the room cannot be read now"}}"#)
            #expect(server.http.held.count == 0)
        }
    }
}

@Suite struct HTTPFailureTests {
    struct Other: Error {}

    @Test func keepsTheApplicationsStatusAndFields() throws {
        let error = HTTPError(.unauthorized, headers: [.wwwAuthenticate: "Bearer"], message: "a token, please")
        let failure = try #require(HTTPFailure(error))
        #expect(failure.status == .unauthorized)
        #expect(failure.error == WireError(.unauthorized, "a token, please"))
        #expect(failure.response.headers[.wwwAuthenticate] == "Bearer")
        #expect(failure.response.headers[.contentType] == "application/json")
    }

    @Test func whatIsNoRefusalBecomesOne() {
        #expect(HTTPFailure(.ok, "").status == .forbidden)
        #expect(HTTPFailure(.found, "").status == .forbidden)
    }

    @Test func saysWhenToComeAgain() {
        #expect(HTTPFailure(.tooManyRequests, "").fields[.retryAfter] == "1")
        #expect(HTTPFailure(.serviceUnavailable, "").fields[.retryAfter] == "5")
        #expect(HTTPFailure(.badRequest, "").fields[.retryAfter] == nil)
        #expect(HTTPFailure(.tooManyRequests, "", fields: [.retryAfter: "60"]).fields[values: .retryAfter] == ["60"])
    }

    @Test func knowsOnlyWhatItKnows() {
        #expect(HTTPFailure(Other()) == nil)
        #expect(HTTPFailure(BrokerError("gone"))?.status == .serviceUnavailable)
    }
}
