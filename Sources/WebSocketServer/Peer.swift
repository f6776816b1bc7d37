package import HTTPTypes
public import NIOCore
public import NIOSSL

/// Who is at the other end of a connection, and how it came.
///
/// A route's accept step and the handlers of ordinary requests find it as ``current``.
public struct Peer: Sendable {
    /// The peer of the connection whose request this task answers; nil outside of such a task.
    @TaskLocal public static var current: Peer?

    /// The connection's number, which the log lines about it carry as `connection`.
    public var connectionID: String
    /// The client's address: what a PROXY protocol header says, else that of the socket. Nil for a Unix socket.
    public var address: SocketAddress?
    /// The address of the socket's other end: a proxy's, where there is one.
    public var socketAddress: SocketAddress?
    /// Whether the connection itself is encrypted.
    public var isSecure: Bool
    /// The certificate that the client showed, where one was asked for (``ServerTLS/ClientCertificates``). It was verified.
    public var certificate: NIOSSLCertificate?
    /// The version of HTTP: "1.1" or "2".
    public var httpVersion: String
    /// Whose word about the client counts.
    var trustedProxies: [AddressRange] = []
    /// Where they say it.
    var forwardedField = ForwardedField.xForwardedFor

    /// A request as the client sent it to the first proxy; see ``ForwardedClient/requestAtProxy(_:isSecure:)``.
    package func requestAtProxy(_ request: HTTPRequest) -> HTTPRequest {
        ForwardedClient(
            of: request.headerFields, from: self.address, trusting: self.trustedProxies, in: self.forwardedField
        ).requestAtProxy(request, isSecure: self.isSecure)
    }
}
