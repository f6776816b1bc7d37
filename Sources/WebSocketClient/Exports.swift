// One import is enough: what a connection is made of comes along.
@_exported public import WebSocketCore
@_exported public import WebSocketDeflate
@_exported public import WebSocketNIO
