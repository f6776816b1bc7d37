import HTTPTypes
import NIOSSL
import Testing
import WebSocketClient
import WebSocketNIO

struct DialOptionsTests {
    @Test func defaults() {
        let options = DialOptions()
        #expect(options.protocols == [])
        #expect(options.fields == [:])
        #expect(options.timeout == DialOptions.defaultTimeout)
        #expect(options.configuration.sendBuffer == WebSocketConfiguration.defaultSendBuffer)
        // A server's certificate and its name are checked unless somebody says otherwise.
        #expect(options.tls.certificateVerification == .fullVerification)
    }

    @Test func given() {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.certificateVerification = .none
        let options = DialOptions(
            protocols: ["a", "b"], fields: [.cookie: "k=v"], tls: tls, timeout: .seconds(1),
            configuration: WebSocketConfiguration(sendBuffer: 1024))
        #expect(options.protocols == ["a", "b"])
        #expect(options.fields == [.cookie: "k=v"])
        #expect(options.tls.certificateVerification == .none)
        #expect(options.timeout == .seconds(1))
        #expect(options.configuration.sendBuffer == 1024)
    }
}
