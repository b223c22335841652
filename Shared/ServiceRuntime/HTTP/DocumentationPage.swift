import Foundation

/// The page at `/docs`, which shows the service's `/openapi.yaml` to people. It is the same for all services.
enum DocumentationPage {
    /// The page's bytes, read from the module's resources when it is first asked for; empty when they were not shipped.
    static let bytes: [UInt8] = {
        guard let url = Bundle.module.url(forResource: "docs", withExtension: "html", subdirectory: "Pages"),
            let page = try? Data(contentsOf: url)
        else { return [] }
        return Array(page)
    }()
}
