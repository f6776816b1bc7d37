import HTTPTypes
import NIOSSL
import TestSupport
import Testing
import WebSocketClient
import WebSocketNIO

struct DialOptionsTests {
    @Test func defaults() {
        let options = DialOptions()
        #expect(options.protocols == [])
        #expect(options.fields == [:])
        #expect(options.cookies.isEmpty)
        #expect(options.connectTimeout == DialOptions.defaultConnectTimeout)
        #expect(options.handshakeTimeout == DialOptions.defaultHandshakeTimeout)
        #expect(options.proxy == .none)
        #expect(options.maxRedirects == 0)
        #expect(options.unixSocket == nil)
        #expect(options.serverName == nil)
        #expect(options.pinnedCertificates.isEmpty)
        #expect(options.configuration.sendBuffer == WebSocketConfiguration.defaultSendBuffer)
        // A server's certificate and its name are checked unless somebody says otherwise.
        #expect(options.tls.certificateVerification == .fullVerification)
    }

    @Test func given() {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.certificateVerification = .none
        let options = DialOptions(
            protocols: ["a", "b"], fields: [.cookie: "k=v"], cookies: [("a", "b")], tls: tls,
            serverName: "s", proxy: .environment, unixSocket: "/s", maxRedirects: 3, connectTimeout: .seconds(1),
            handshakeTimeout: .seconds(2),
            configuration: WebSocketConfiguration(sendBuffer: 1024))
        #expect(options.protocols == ["a", "b"])
        #expect(options.fields == [.cookie: "k=v"])
        #expect(options.tls.certificateVerification == .none)
        #expect(options.cookies.map { "\($0.name)=\($0.value)" } == ["a=b"])
        #expect(options.serverName == "s")
        #expect(options.proxy == .environment)
        #expect(options.unixSocket == "/s")
        #expect(options.maxRedirects == 3)
        #expect(options.connectTimeout == .seconds(1))
        #expect(options.handshakeTimeout == .seconds(2))
        #expect(options.configuration.sendBuffer == 1024)
    }
}
