package import Messaging
package import Postgres

/// A service's message hospital and the database that it works on.
package struct HospitalDesk: Sendable {
    package let hospital: MessageHospital
    package let postgres: PostgresPool
    /// Who acts when no name is given.
    var defaultOperator = "unknown"

    package init(hospital: MessageHospital, postgres: PostgresPool) {
        self.hospital = hospital
        self.postgres = postgres
    }

    func signed(_ name: String?) -> MessageHospital.Operator {
        MessageHospital.Operator(name: name ?? defaultOperator, requestID: nil)
    }
}
