import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

@Suite struct RawSocketTests {
    /// Closed twice, it would have taken somebody else's descriptor away the second time.
    @Test func `A refused connection closes its descriptor, and no other`() async throws {
        let port = try #require(RawSocketHandle.freePorts(1).first)
        await withTaskGroup(of: Int.self) { group in
            group.addTask {
                var refused = 0
                for _ in 0..<5000 {
                    do { _ = try RawSocketHandle(port: port, within: .seconds(5)) } catch { refused += 1 }
                }
                #expect(refused == 5000)
                return 0
            }
            group.addTask {
                var lost = 0
                for _ in 0..<50_000 {
                    let descriptor = dup(STDIN_FILENO)
                    if close(descriptor) != 0 { lost += 1 }
                }
                return lost
            }
            for await lost in group { #expect(lost == 0) }
        }
    }
}
