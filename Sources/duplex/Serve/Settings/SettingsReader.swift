import Configuration
import Synchronization

/// Reads settings from all places in their order, and remembers what it found and where.
struct SettingsReader: Sendable {
    private let reader: ConfigReader
    private let trace: Trace
    private let path: String
    private(set) var entries: [SettingEntry] = []

    /// Makes a reader. What comes first wins.
    ///
    /// - Parameters:
    ///   - flags: What the command line says.
    ///   - environment: All variables. One that is empty is as if it were not there.
    ///   - file: What a configuration file says.
    init(flags: [SettingKey: [String]], environment: [String: String], file: SettingsFile? = nil) {
        let trace = Trace()
        let standard = SettingKey.allCases.compactMap { key in key.standardTexts.map { (key, $0) } }
        self.trace = trace
        self.path = file?.path ?? ""
        self.reader = ConfigReader(
            providers: [
                InMemoryProvider(name: "flags", values: SettingsReader.values(flags)),
                EnvironmentVariablesProvider(environmentVariables: environment.filter { !$0.value.isEmpty })
                    .prefixKeys(with: "duplex"),
                InMemoryProvider(name: "file", values: SettingsReader.values(file?.values ?? [:])),
                InMemoryProvider(
                    name: "defaults", values: SettingsReader.values(Dictionary(uniqueKeysWithValues: standard))),
            ],
            accessReporter: trace)
    }

    private static func values(_ texts: [SettingKey: [String]]) -> [AbsoluteConfigKey: ConfigValue] {
        var values: [AbsoluteConfigKey: ConfigValue] = [:]
        for (key, texts) in texts {
            values[AbsoluteConfigKey(ConfigKey(key.rawValue))] = ConfigValue(
                key.kind.isList ? .stringArray(texts) : .string(texts.last ?? ""), isSecret: false)
        }
        return values
    }

    /// The value of a setting; nil when it is not given and has no default.
    mutating func value(_ key: SettingKey) throws(SettingsError) -> SettingValue? {
        let configKey = ConfigKey(key.rawValue)
        let texts =
            key.kind.isList
            ? self.reader.stringArray(forKey: configKey)?.filter { !$0.isEmpty }
            : self.reader.string(forKey: configKey).map { [$0] }
        guard let texts else {
            self.entries.append(SettingEntry(key: key, value: nil, source: .standard))
            return nil
        }
        let source = self.source(of: key)
        switch key.kind.parse(texts) {
        case .success(let value):
            self.entries.append(SettingEntry(key: key, value: value, source: source))
            return value
        case .failure(let problem):
            throw .value(key, from: source, problem)
        }
    }

    /// Where the value that was read comes from.
    func source(_ key: SettingKey) -> SettingSource {
        self.entries.last { $0.key == key }?.source ?? .standard
    }

    /// Where the last value came from, by the place of who had it.
    private func source(of key: SettingKey) -> SettingSource {
        switch self.trace.provider {
        case 0: .flag(key.flag)
        case 1: .variable(key.variable)
        case 2: .file(self.path)
        default: .standard
        }
    }

    /// Notes which provider had the last value.
    private final class Trace: AccessReporter {
        private let asked = Mutex(0)

        /// Its place: all that were asked before had none.
        var provider: Int { self.asked.withLock { $0 } - 1 }

        func report(_ event: AccessEvent) {
            self.asked.withLock { $0 = event.providerResults.count }
        }
    }
}

/// A setting that was read.
struct SettingEntry: Sendable, Equatable {
    var key: SettingKey
    /// Nil when it is not given and has no default.
    var value: SettingValue?
    var source: SettingSource
}
