import NIOCore
import TestSupport
import WebSocketCore

/// A frame from a client, unmasked.
struct ClientFrame: Sendable, Equatable {
    var opcode: Opcode
    var payload: [UInt8]

    static func text(_ text: String) -> ClientFrame { ClientFrame(opcode: .text, payload: Array(text.utf8)) }

    static func close(_ code: UInt16, _ reason: String = "") -> ClientFrame {
        ClientFrame(opcode: .close, payload: [UInt8(code >> 8), UInt8(code & 0xFF)] + Array(reason.utf8))
    }
}

extension RawConnection {
    /// Reads a client's next frame. Frames are final and masked.
    func readFrame() async throws -> ClientFrame {
        let head = try await self.read(2)
        var count = Int(head[1] & 0x7F)
        let extra = count == 127 ? 8 : count == 126 ? 2 : 0
        if extra > 0 { count = try await self.read(extra).reduce(0) { $0 << 8 | Int($1) } }
        let key = try await self.read(4).withUnsafeBytes { $0.loadUnaligned(as: UInt32.self) }
        var payload = try await self.read(count)
        payload.withUnsafeMutableBytes { bytes in
            if let base = bytes.baseAddress { _ = Masking.apply(base, count: bytes.count, key: key) }
        }
        return ClientFrame(opcode: Opcode(rawValue: head[0] & 0x0F), payload: payload)
    }

    /// Accepts a handshake, and takes nothing more from the network until ``goOnReading()``; the kernel takes little.
    func acceptHandshakeAndStopReading() async throws {
        let answer = try await self.readHandshake()
        try await self.channel.setOption(.socketOption(.so_rcvbuf), value: 64 << 10).get()
        try await self.channel.setOption(.autoRead, value: false).get()
        try await self.send(RawConnection.switching(answer))
    }

    func goOnReading() async throws {
        try await self.channel.setOption(.autoRead, value: true).get()
    }

    /// Waits for the client's Close frame, whatever comes before it, answers with the same, and ends the connection.
    func finishClosing() async throws {
        while true {
            let frame = try await self.readFrame()
            guard frame.opcode == .close else { continue }
            try await self.send([0x88, UInt8(frame.payload.count)] + frame.payload)
            return
        }
    }
}

extension Frame {
    /// A final frame of any length, as a server sends it.
    static func any(_ opcode: Opcode, _ payload: [UInt8]) -> [UInt8] {
        let header = FrameHeader(opcode: opcode, payloadCount: payload.count)
        var bytes = [UInt8](repeating: 0, count: header.size)
        bytes.withUnsafeMutableBytes { _ = header.write(to: $0.baseAddress!) }
        return bytes + payload
    }

    static func close(_ code: UInt16, _ reason: String) -> [UInt8] {
        self.any(.close, [UInt8(code >> 8), UInt8(code & 0xFF)] + Array(reason.utf8))
    }
}
