/// The variables of this process that are about settings.
enum SettingsEnvironment {
    /// The variable that names a configuration file.
    static let file = SettingKey.prefix + "CONFIG"

    /// A line for each variable that looks like a setting and is none, in the order of their names.
    static func warnings(about environment: [String: String]) -> [String] {
        let known = [file] + SettingKey.allCases.map(\.variable)
        return environment.keys.filter { $0.hasPrefix(SettingKey.prefix) && !known.contains($0) }.sorted().map { name in
            "there is no setting \(name); the nearest is \(Spelling.nearest(to: name, among: known) ?? "")"
        }
    }
}
