#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The settings of a configuration file: a JSON object, nested or with dots in its keys.
struct SettingsFile: Sendable {
    let path: String
    /// The values as they would be written on the command line.
    let values: [SettingKey: [String]]

    /// Reads a file.
    init(path: String) throws(SettingsError) {
        let data: Data
        do {
            data = try Data(contentsOf: URL(filePath: path))
        } catch {
            throw .file(path, SettingsFile.reason(error))
        }
        try self.init(path: path, data: data)
    }

    /// Takes a file's content.
    init(path: String, data: Data) throws(SettingsError) {
        let root: JSONValue
        do {
            root = try JSONDecoder().decode(JSONValue.self, from: data)
        } catch {
            throw .file(path, "it is not JSON")
        }
        guard case .object(let members) = root else { throw .file(path, "it is not a JSON object") }
        var values: [SettingKey: [String]] = [:]
        try SettingsFile.collect(members, under: "", of: path, into: &values)
        self.path = path
        self.values = values
    }

    private static func collect(
        _ members: [String: JSONValue], under prefix: String, of path: String, into values: inout [SettingKey: [String]]
    ) throws(SettingsError) {
        // Sorted, so that of several errors it is always the same one that is told.
        for (name, value) in members.sorted(by: { $0.key < $1.key }) {
            let name = prefix + name
            if let key = SettingKey(rawValue: name) {
                // Null is as if it were not there.
                guard value != .null else { continue }
                guard let texts = value.texts(for: key.kind) else {
                    throw .shape(name, inFile: path, (key.kind.isList ? "a list, each " : "") + key.kind.allowed)
                }
                guard values.updateValue(texts, forKey: key) == nil else { throw .file(path, "it has \(name) twice") }
            } else if SettingKey.allCases.contains(where: { $0.rawValue.hasPrefix(name + ".") }) {
                guard case .object(let inner) = value else { throw .shape(name, inFile: path, "an object") }
                try self.collect(inner, under: name + ".", of: path, into: &values)
            } else {
                throw .unknownKey(name, inFile: path)
            }
        }
    }

    private static func reason(_ error: any Error) -> String {
        switch (error as? CocoaError)?.code {
        case .fileNoSuchFile, .fileReadNoSuchFile: "there is no such file"
        case .fileReadNoPermission: "it may not be read"
        default: "it cannot be read"
        }
    }
}

/// What JSON can say.
private enum JSONValue: Decodable, Equatable {
    case null
    case bool(Bool)
    case whole(Int)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Int.self) {
            self = .whole(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([JSONValue].self) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: JSONValue].self))
        }
    }

    /// The value as texts; nil when its type is not that of the setting.
    func texts(for kind: SettingKind) -> [String]? {
        switch (self, kind) {
        case (.array(let items), _) where kind.isList:
            var texts: [String] = []
            for item in items {
                guard case .string(let text) = item else { return nil }
                texts.append(text)
            }
            return texts
        case (.string(let text), _): return [text]
        case (.bool(let value), .toggle): return [value ? "on" : "off"]
        case (.whole(let value), .count), (.whole(let value), .size), (.whole(let value), .duration):
            return ["\(value)"]
        case (.number(let value), .count), (.number(let value), .size), (.number(let value), .duration):
            return ["\(value)"]
        default: return nil
        }
    }
}
