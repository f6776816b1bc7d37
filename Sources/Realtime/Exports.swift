// One import is enough: names, positions and limits come along.
@_exported public import RealtimeCore
