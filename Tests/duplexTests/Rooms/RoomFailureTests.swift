import HTTPTypes
import NIOCore
import Testing
import WebSocketClient
import WebSocketCore
import WebSocketNIO

@testable import duplex

@Suite struct RoomFailureTests {
    @Test(arguments: [
        ("rate_limited", true), ("unavailable", true), ("too_many_sessions", true), ("forbidden", false),
        ("id_reused", false), ("whatever", false),
    ]) func errorsOverWebSocket(_ code: String, _ isPassing: Bool) throws {
        let object = try ReceivedObject(Array(#"{"type":"error","code":"\#(code)","message":"no\u001b[1m"}"#.utf8))
        let failure = RoomFailure.refused(object)
        #expect(failure.isPassing == isPassing)
        #expect(failure.description == #"refused: \#(code): no\u{1B}[1m"#)
    }

    @Test func answers() {
        var response = HTTPResponse(status: .forbidden)
        let content = Array(#"{"error":{"code":"forbidden","message":"not here"}}"#.utf8)
        #expect(RoomFailure.refused(response, content).description == "refused: 403 Forbidden: forbidden: not here")
        #expect(RoomFailure.refused(response, Array("<html>".utf8)).description == "refused: 403 Forbidden")
        #expect(!RoomFailure.refused(response, content).isPassing)
        response.status = .tooManyRequests
        response.headerFields[.retryAfter] = "7"
        #expect(RoomFailure.refused(response, []).isPassing)
        #expect(RoomFailure.refused(response, []).retryAfter == .seconds(7))
        response.headerFields[.retryAfter] = "99999999999"
        #expect(RoomFailure.refused(response, []).retryAfter == .seconds(3600))
        response.headerFields[.retryAfter] = "soon"
        #expect(RoomFailure.refused(response, []).retryAfter == nil)
        response.status = .badGateway
        #expect(RoomFailure.refused(response, []).isPassing)
    }

    @Test(
        arguments: [
            (1001, true), (1006, true), (1012, true), (1013, true), (1000, false), (1008, false), (4001, false),
            (4003, false),
        ] as [(UInt16, Bool)]) func closings(_ code: UInt16, _ isPassing: Bool)
    {
        let closure = Closure(code: CloseCode(rawValue: code), reason: "", wasClean: true)
        #expect(RoomFailure.closed(closure).isPassing == isPassing)
    }

    /// What reading throws when the connection was not closed properly: what this end failed would fail again, whatever came of the
    /// peer's Close frame.
    @Test(
        arguments: [
            (.reservedOpcode(3), false), (.invalidUTF8, false), (.messageTooBig(size: 2, limit: 1), false),
            (.noPong, true), (nil, true),
        ] as [(ProtocolError.Code?, Bool)]) func losses(_ code: ProtocolError.Code?, _ isPassing: Bool)
    {
        var closure = Closure.abnormal
        closure.error = code.map { ProtocolError($0) }
        let failure = RoomFailure(WebSocketError(.closed(closure)))
        #expect(failure.isPassing == isPassing)
        #expect(failure == RoomFailure.closed(closure))
    }

    @Test func otherErrorsOfAConnection() {
        #expect(RoomFailure(WebSocketError(.closed(nil))).isPassing)
        #expect(RoomFailure(WebSocketError(.closed(nil))).description.hasPrefix("the connection was lost"))
        #expect(RoomFailure(ChannelError.eof).isPassing)
    }

    @Test func dialling() {
        #expect(RoomFailure(DialError(.lost)).isPassing)
        #expect(RoomFailure(DialError(.timedOut(.answer))).isPassing)
        #expect(!RoomFailure(DialError(.notPinned)).isPassing)
        let failure = RoomFailure("x", isPassing: false)
        #expect(RoomFailure(failure as any Error) == failure)
    }
}
