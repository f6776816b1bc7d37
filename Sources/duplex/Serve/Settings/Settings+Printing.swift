#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

extension Settings {
    /// The settings as JSON, one a line, each with its value (null where it is not given and has no default) and its source.
    var json: String {
        let lines = self.entries.map { entry in
            "  \(quoted(entry.key.rawValue)): {\"value\": \(entry.value?.json ?? "null"), \"source\": \(quoted("\(entry.source)"))}"
        }
        return "{\n\(lines.joined(separator: ",\n"))\n}"
    }
}

extension SettingValue {
    /// The value in JSON, as it could stand in a configuration file.
    var json: String {
        switch self {
        case .text(let text): quoted(text)
        case .count(let number): "\(number)"
        case .size(let size): quoted(Quantity.text(ofSize: size))
        case .duration(let duration): quoted(Quantity.text(of: duration))
        case .toggle(let isOn): isOn ? "true" : "false"
        case .list(let texts): "[\(texts.map(quoted).joined(separator: ", "))]"
        }
    }
}

/// A text in JSON.
private func quoted(_ text: String) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .withoutEscapingSlashes
    // Encoding a string cannot fail.
    return (try? encoder.encode(text)).map { String(decoding: $0, as: UTF8.self) } ?? "\"\""
}
