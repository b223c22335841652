import BillingService
import ServiceRuntime

@main struct Main {
    static func main() async { await ServiceRuntime.run("billing", assemble: BillingAssembly.make) }
}
