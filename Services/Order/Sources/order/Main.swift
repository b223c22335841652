import OrderService
import ServiceRuntime

@main struct Main {
    static func main() async { await ServiceRuntime.run("order", assemble: OrderAssembly.make) }
}
