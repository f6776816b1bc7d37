/// In which of a request's fields a proxy says who the client is. It is one or the other: a proxy passes the fields that it does
/// not know on as the client sent them, so only those that it writes can be believed.
public enum ForwardedField: Sendable, Hashable {
    /// `X-Forwarded-For`, with `X-Forwarded-Proto` and `X-Forwarded-Host`, which nearly all proxies can write.
    case xForwardedFor
    /// `Forwarded` (RFC 7239).
    case forwarded
}
