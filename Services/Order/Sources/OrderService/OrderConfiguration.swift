package import ServiceRuntime

/// The order service's own settings: it has none beside those that all services share.
package struct OrderConfiguration: ServiceConfiguration {
    package init(reading reader: inout ConfigurationReader) {}
}
