/// Where a value comes from.
enum SettingSource: Sendable, Equatable, CustomStringConvertible {
    /// The command line, with the flag's name.
    case flag(String)
    /// The environment, with the variable's name.
    case variable(String)
    /// A configuration file, with its path.
    case file(String)
    case standard

    var description: String {
        switch self {
        case .flag(let name): "--\(name)"
        case .variable(let name): name
        case .file(let path): path
        case .standard: "default"
        }
    }
}

/// Why there are no settings. One line: which setting, where it came from, what is wrong, and what is allowed.
struct SettingsError: Error, Equatable, CustomStringConvertible {
    private enum Code: Equatable {
        case value(SettingKey, SettingSource, SettingProblem)
        case shape(String, file: String, String)
        case unknownKey(String, file: String, nearest: String)
        case file(String, String)
        case combination(SettingKey, SettingSource, String)
    }

    private let code: Code

    /// The value is not allowed.
    static func value(_ key: SettingKey, from source: SettingSource, _ problem: SettingProblem) -> SettingsError {
        SettingsError(code: .value(key, source, problem))
    }

    /// The file has something of the wrong type there.
    static func shape(_ key: String, inFile file: String, _ allowed: String) -> SettingsError {
        SettingsError(code: .shape(key, file: file, allowed))
    }

    /// The file has a key that there is not.
    static func unknownKey(_ key: String, inFile file: String) -> SettingsError {
        let nearest = Spelling.nearest(to: key, among: SettingKey.allCases.map(\.rawValue)) ?? ""
        return SettingsError(code: .unknownKey(key, file: file, nearest: nearest))
    }

    /// The file cannot be read, or is no JSON object.
    static func file(_ path: String, _ reason: String) -> SettingsError {
        SettingsError(code: .file(path, reason))
    }

    /// The value does not go with others.
    static func combination(_ key: SettingKey, from source: SettingSource, _ reason: String) -> SettingsError {
        SettingsError(code: .combination(key, source, reason))
    }

    var description: String {
        switch self.code {
        case .value(let key, let source, let problem):
            "\(key.rawValue) (from \(source)): '\(problem.text)' is not \(problem.allowed)"
                + SettingsError.hint(source, problem)
        case .shape(let key, let file, let allowed):
            "\(key) (from \(file)): it has to be \(allowed)"
        case .unknownKey(let key, let file, let nearest):
            "\(file): there is no setting \(key); the nearest is \(nearest)"
        case .file(let path, let reason):
            "\(path): \(reason)"
        case .combination(let key, let source, let reason):
            "\(key.rawValue) (from \(source)): \(reason)"
        }
    }

    /// Kubernetes puts `DUPLEX_PORT=tcp://...` into containers beside a service with the name duplex.
    private static func hint(_ source: SettingSource, _ problem: SettingProblem) -> String {
        guard source == .variable(SettingKey.port.variable), problem.text.hasPrefix("tcp://") else { return "" }
        return "; Kubernetes sets it for a service with the name duplex (enableServiceLinks: false keeps it away)"
    }
}
