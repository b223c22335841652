package import ServiceRuntime

/// The billing service's own settings: it has none beside those that all services share.
package struct BillingConfiguration: ServiceConfiguration {
    package init(reading reader: inout ConfigurationReader) {}
}
