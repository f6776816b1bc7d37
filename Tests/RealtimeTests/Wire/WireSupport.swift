@testable import Realtime

/// The bytes as text.
func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

/// JSON that is valid.
func json(_ text: String) throws -> JSONText { try JSONText(checking: Array(text.utf8)) }
