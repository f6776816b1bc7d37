import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore
import RealtimeCore

extension RoomsHTTP {
    /// `GET /rooms/{room}/stream`
    ///
    /// What goes wrong before the first byte is answered as an error; later the stream ends, and its client comes back.
    func stream(_ call: Call) async throws -> Response {
        let fields = call.head.headerFields
        let format = try StreamFormat(
            format: call.query("format"), accept: fields[.accept], callback: call.query("callback"))
        let query = try call.reading(lastEventID: fields[.lastEventID])
        try self.refuseStrangersFrames(format, fields)
        try self.allow(.join, call)
        var response = Response(status: .ok, headers: self.streamFields(format))
        // Its head says all there is to say.
        if call.request.method == .head {
            response.headers[.contentLength] = nil
            return response
        }

        let place = try self.held.take(for: call.member)
        let presence = try await self.presence(call)
        let reader = try await self.hub.reader(of: call.room)
        let first = try await self.hub.read(
            call.room, from: self.start(query, call.room, orLatest: 0), limit: Shard.readLimit,
            maxBytes: Shard.readBytes)
        let (request, settings) = (call.request, self.settings)
        let stream = RoomStream(call.room, reader, format, settings)
        response.body = ResponseBody { writer in
            defer { withExtendedLifetime((place, presence)) {} }
            // A client that goes away is only noticed by reading on behind its request.
            try await request.body.consumeWithInboundCloseHandler { _ in
                try await stream.write(first, to: writer)
            } onInboundClosed: {
                reader.end()
            }
            try await writer.finish(nil)
        }
        return response
    }

    private func streamFields(_ format: StreamFormat) -> HTTPFields {
        var fields: HTTPFields = [
            .contentType: format.contentType, .cacheControl: "no-store, no-transform", .xAccelBuffering: "no",
            .vary: "Origin, Accept",
        ]
        for (name, value) in format.fields(allowing: self.crossOrigin.others) {
            if let name = HTTPField.Name(name) { fields[name] = value }
        }
        return fields
    }

    /// A page of scripts calls what its address names. In a stranger's frame or window that would be a function of another page of this
    /// server, so browsers that say where a request comes from get none there. Requests of frames have no `Origin`; where others may
    /// have it in a frame, ``StreamFormat/fields(allowing:)`` tells the browser which.
    private func refuseStrangersFrames(_ format: StreamFormat, _ fields: HTTPFields) throws(HTTPFailure) {
        guard case .scripts = format, self.crossOrigin.others.isEmpty, let site = fields[.secFetchSite] else { return }
        guard site == "same-origin" || site == "none" else {
            throw HTTPFailure(.forbidden, "a stream of scripts is for pages of this server")
        }
    }

    /// Makes the reader a member of the room, where it wants to be one: `presence=1`, with `info=` as others see it.
    private func presence(_ call: Call) async throws -> StreamPresence? {
        switch call.query("presence") {
        case nil, "0"?: return nil
        case "1"?: break
        case _?: throw HTTPFailure(.invalidRequest, "'presence' must be 0 or 1")
        }
        try self.allow(.presence, call)
        return try await StreamPresence(
            self.hub, call.room, as: call.member, info: try RoomsHTTP.info(call.query("info")))
    }

    /// What others see of a member, from the query.
    static func info(_ text: String?) throws(HTTPFailure) -> MemberInfo {
        guard let text else { return .empty }
        let most = ClientRequest.maxInfoBytes
        guard text.utf8.count <= most else {
            throw HTTPFailure(.invalidRequest, "'info' has \(text.utf8.count) bytes, more than \(most)")
        }
        guard let json = try? JSONText(checking: Array(text.utf8)), json.bytes.first == UInt8(ascii: "{") else {
            throw HTTPFailure(.invalidRequest, "'info' must be an object")
        }
        return MemberInfo(json: json.bytes)
    }
}

extension HTTPField.Name {
    /// `Last-Event-ID` (HTML, section 9.2.4).
    static let lastEventID = HTTPField.Name("Last-Event-ID")!
    /// `Sec-Fetch-Site` (Fetch Metadata, section 2.3).
    static let secFetchSite = HTTPField.Name("Sec-Fetch-Site")!
    /// What nginx and others take for "pass on what comes as it comes".
    static let xAccelBuffering = HTTPField.Name("X-Accel-Buffering")!
}
