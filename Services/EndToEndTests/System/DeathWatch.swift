import Foundation
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Ends what the tests have started when the test process ends, even by a crash or `kill -9`: a shell reads the pids from a pipe, and when
/// the pipe's other end is gone, it ends the processes that are still on its list.
final class DeathWatch: Sendable {
    static let shared = DeathWatch()

    private static let script = """
        trap '' HUP INT TERM
        while read -r sign pid; do
            case $sign in
                +) pids="$pids $pid" ;;
                -) rest=; for p in $pids; do [ "$p" = "$pid" ] || rest="$rest $p"; done; pids=$rest ;;
            esac
        done
        [ -n "$pids" ] || exit 0
        kill -TERM $pids 2>/dev/null
        for round in 1 2 3 4 5 6 7 8 9 10; do
            left=; for p in $pids; do kill -0 $p 2>/dev/null && left="$left $p"; done; pids=$left
            [ -n "$pids" ] || exit 0
            sleep 1
        done
        kill -KILL $pids 2>/dev/null
        """

    private let pipe = Mutex<FileHandle?>(nil)

    private init() {
        let pipe = Pipe()
        let shell = Process()
        shell.executableURL = URL(filePath: "/bin/sh")
        shell.arguments = ["-c", Self.script]
        shell.standardInput = pipe
        shell.standardOutput = FileHandle.nullDevice
        shell.standardError = FileHandle.nullDevice
        try? withUnblockedSignals { try shell.run() }
        let end = pipe.fileHandleForWriting
        // Nobody else may hold this end open, or it would never be gone.
        _ = fcntl(end.fileDescriptor, F_SETFD, FD_CLOEXEC)
        self.pipe.withLock { $0 = end }
    }

    func watch(_ pid: Int32) { say("+ \(pid)") }

    func forget(_ pid: Int32) { say("- \(pid)") }

    private func say(_ line: String) {
        pipe.withLock { pipe in
            try? pipe?.write(contentsOf: Data((line + "\n").utf8))
        }
    }
}
