package import NIOHTTP2

extension NIOHTTP2Errors {
    /// Whether the error, which NIO tells of on the connection's channel, has ended a stream only: NIO has reset that, and the
    /// others go on. What is not known to be such an error is one of the connection, for which NIO has written a GOAWAY, and
    /// which has to be closed (RFC 9113, section 5.4).
    package static func endsStreamOnly(_ error: any Error) -> Bool {
        switch error {
        case is StreamError, is StreamClosed, is NoSuchStream, is BadStreamStateTransition, is CreatedStreamAfterGoaway,
            is MissingPseudoHeader, is DuplicatePseudoHeader, is PseudoHeaderAfterRegularHeader, is UnknownPseudoHeader,
            is UnsupportedPseudoHeader, is InvalidPseudoHeaders, is EmptyPathHeader, is InvalidStatusValue,
            is TrailersWithoutEndStream, is ForbiddenHeaderField, is InvalidPseudoHeaderValue,
            is InvalidHTTP2HeaderFieldName, is InvalidHTTP2HeaderFieldValue, is ContentLengthViolated,
            is ContentLengthHeadersMismatch,
            is ContentLengthHeaderNegative, is ContentLengthHeaderMalformedValue:
            true
        default:
            false
        }
    }
}
