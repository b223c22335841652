import NotificationService
import ServiceRuntime

@main struct Main {
    static func main() async { await ServiceRuntime.run("notification", assemble: NotificationAssembly.make) }
}
