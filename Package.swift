// swift-tools-version:6.2
import PackageDescription

// Services are made by one function, so that the slices cannot drift apart. Arrows point down only:
// order → OrderService → ServiceRuntime → Messaging → Postgres, Kafka, EventContracts → C.

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

func shared(_ name: String, _ dependencies: [Target.Dependency] = [], resources: [Resource] = []) -> Target {
    .target(name: name, dependencies: dependencies, path: "Shared/\(name)", resources: resources, swiftSettings: settings)
}

func sharedTests(_ name: String, _ dependencies: [Target.Dependency] = [], resources: [Resource] = []) -> Target {
    .testTarget(
        name: "\(name)Tests",
        dependencies: [.target(name: name), "ServiceTesting"] + dependencies,
        path: "Shared/Tests/\(name)Tests",
        resources: resources,
        swiftSettings: settings
    )
}

/// One service: a library `<Name>Service`, an executable `<name>` of a dozen lines, and its tests.
func service(_ name: String, _ dependencies: [Target.Dependency] = [], resources: [Resource] = []) -> [Target] {
    let library = "\(name)Service"
    return [
        .target(
            name: library,
            dependencies: [
                "EventContracts", "JSON", "Messaging", "Postgres", "ServiceRuntime", hummingbird, httpTypes, lifecycle, logging, metrics,
                nioCore,
            ]
                + dependencies,
            path: "Services/\(name)/Sources/\(library)",
            resources: [.copy("Storage/Migrations"), .copy("HTTP/openapi.yaml")] + resources,
            swiftSettings: settings
        ),
        .executableTarget(
            name: name.lowercased(),
            dependencies: [.target(name: library), "ServiceRuntime"],
            path: "Services/\(name)/Sources/\(name.lowercased())",
            swiftSettings: settings
        ),
        .testTarget(
            name: "\(library)Tests",
            dependencies: [
                .target(name: library), "EventContracts", "EventSourcing", "JSON", "Kafka", "Messaging", "Postgres", "ServiceTesting",
                logging,
                nioCore, nioPosix,
            ],
            path: "Services/\(name)/Tests",
            swiftSettings: settings
        ),
    ]
}

let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let metrics = Target.Dependency.product(name: "Metrics", package: "swift-metrics")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
    name: "happymail",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "order", targets: ["order"]),
        .executable(name: "billing", targets: ["billing"]),
        .executable(name: "notification", targets: ["notification"]),
    ],
    dependencies: [
        // Traits off: the services read no configuration files and serve no directories, so they build neither.
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0", traits: []),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0", traits: []),
        .package(url: "https://github.com/apple/swift-log", from: "1.14.0"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.9.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        .systemLibrary(name: "CLibPQ", path: "Shared/CLibPQ", pkgConfig: "libpq", providers: [.apt(["libpq-dev"]), .brew(["libpq"])]),
        .systemLibrary(
            name: "CRDKafka",
            path: "Shared/CRDKafka",
            pkgConfig: "rdkafka",
            providers: [.apt(["librdkafka-dev"]), .brew(["librdkafka"])]
        ),
        shared("BlockingExecution"),
        shared("JSON"),
        shared("EventContracts", ["JSON"], resources: [.copy("Schemas")]),
        shared("Postgres", ["BlockingExecution", "CLibPQ", logging]),
        shared("Kafka", ["BlockingExecution", "CRDKafka", logging]),
        shared(
            "Messaging",
            [
                "EventContracts", "JSON", "Kafka", "Postgres", lifecycle, logging, metrics,
                .product(name: "HeapModule", package: "swift-collections"),
            ],
            resources: [.copy("Migrations")]
        ),
        shared("EventSourcing", ["EventContracts", "JSON", "Postgres"]),
        shared(
            "ServiceRuntime",
            [
                "EventContracts", "JSON", "Kafka", "Messaging", "Postgres", arguments, httpTypes, hummingbird, lifecycle, logging, metrics,
                nioCore, nioPosix,
                .product(name: "HummingbirdCore", package: "hummingbird"), .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
            ],
            resources: [.copy("Pages")]
        ),
        shared("ServiceTesting", ["EventContracts", "JSON", "Kafka", "Messaging", "Postgres", logging]),
        sharedTests("BlockingExecution"),
        sharedTests("JSON"),
        sharedTests("EventContracts", ["JSON"], resources: [.copy("Golden")]),
        sharedTests("Postgres", [logging]),
        sharedTests("Kafka", [logging]),
        sharedTests("Messaging", ["EventContracts", "Kafka", "Postgres", logging]),
        sharedTests("EventSourcing", ["EventContracts", "JSON", "Postgres"]),
        sharedTests(
            "ServiceRuntime",
            ["EventContracts", "JSON", "Postgres", httpTypes, hummingbird, lifecycle, logging, metrics, nioCore, nioPosix]
        ),
        .testTarget(
            name: "EndToEndTests",
            dependencies: ["EventContracts", "JSON", "Kafka", "Postgres", "ServiceTesting", logging],
            path: "Services/EndToEndTests",
            swiftSettings: settings
        ),
    ]
        + service("Order")
        + service("Billing", ["EventSourcing"])
        + service(
            "Notification",
            [nioPosix, .product(name: "Mustache", package: "swift-mustache")],
            resources: [.copy("Templates")]
        )
)
