public import NIOCore
import HTTPTypes
import HummingbirdCore
import Logging
import Synchronization

public struct AddressRange: Sendable, Hashable {}
public enum ProxyProtocol: Sendable { case off
  func isRequired(from: SocketAddress?) -> Bool { false } }
public struct AdmissionLimits: Sendable { public init() {} }
struct ProxyHeader { var source: SocketAddress? }
final class ProxyProtocolHandler: ChannelInboundHandler { typealias InboundIn = ByteBuffer
  init(_ f: @escaping (Result<ProxyHeader, any Error>) -> Void) {} }
final class Admission: Sendable {
  enum Reason: String { case connections }
  enum Decision { case accept(Int); case refuse(Reason) }
  init(_ l: AdmissionLimits) {}
  func connectionOpened(from: SocketAddress?) -> Decision { .accept(0) }
  func connectionClosed(_ k: Int) {}
}
struct ForwardedClient { var address: SocketAddress?; var host: String?
  init(of: HTTPFields, from: SocketAddress?, trusting: [AddressRange]) { address = from } }
struct ConnectionID: CustomStringConvertible { static let n = Atomic<Int>(0); static func next() -> ConnectionID { ConnectionID(description: String(n.add(1, ordering: .relaxed).newValue)) }; var description: String }
final class AcceptGuard: ChannelInboundHandler { typealias InboundIn = Channel }
extension ServerShared { func acceptGuard(_ l: Logger) -> AcceptGuard { AcceptGuard() } }
struct HTTP2ServerChannel: Sendable { struct Value: Sendable {}
  init(responder: @escaping HTTPChannelHandler.Responder, shared: ServerShared) {}
  func add(to: any Channel, _ p: Peer, _ l: Logger) throws -> Value { Value() }
  func handle(value: Value, logger: Logger) async {} }
