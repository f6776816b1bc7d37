// swift-tools-version:6.2
import PackageDescription

// A package of its own, so that the flags that the fuzzer needs stay out of the library's. `WebSocketCore`,
// `WebSocketDeflate` and `CWebSocketZlib` are links to the sources at the repository's root; the package has the root's
// name, so that `package` symbols are in reach.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .unsafeFlags(["-sanitize=fuzzer,address"]),
]

let package = Package(
    name: "duplex",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "CoreFuzzer", type: .static, targets: ["CoreFuzzer"])
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0", traits: [])
    ],
    targets: [
        .target(
            name: "WebSocketCore",
            dependencies: [.product(name: "HTTPTypes", package: "swift-http-types")],
            path: "WebSocketCore",
            swiftSettings: settings
        ),
        .systemLibrary(name: "CWebSocketZlib", path: "CWebSocketZlib"),
        .target(
            name: "WebSocketDeflate",
            dependencies: ["CWebSocketZlib", "WebSocketCore"],
            path: "WebSocketDeflate",
            swiftSettings: settings
        ),
        .target(
            name: "CoreFuzzer",
            dependencies: [
                "WebSocketCore",
                "WebSocketDeflate",
                .product(name: "HTTPTypes", package: "swift-http-types"),
            ],
            path: "CoreFuzzer",
            swiftSettings: settings
        ),
    ]
)
