#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Runs an actor on a thread of its own, where it may block.
///
/// libpq and librdkafka wait in `poll(2)` and on condition variables. On Swift's cooperative pool, which has one thread per core, two such
/// waits would stop a whole service. An actor that returns this executor's `asUnownedSerialExecutor()` as its `unownedExecutor` keeps its
/// isolation and waits where nobody waits behind it.
///
/// Guarantee: jobs run one at a time, in the order in which they were enqueued. The thread holds the executor, so the owner must end it with
/// `shutdown()`; jobs enqueued before that still run.
package final class BlockingExecutor: SerialExecutor {
    private let queue: JobQueue

    /// Starts a thread that waits for jobs.
    package init() {
        queue = JobQueue()
        startThread(serving: queue)
    }

    /// Lets the thread end once the jobs that are queued have run. Idempotent.
    ///
    /// - Important: An actor must not be called after its executor was shut down: the call would wait for ever. In debug builds it traps.
    package func shutdown() {
        queue.finish()
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let unowned = UnownedJob(job)
        let executor = unsafe asUnownedSerialExecutor()
        queue.append { unsafe unowned.runSynchronously(on: executor) }
    }

    package func asUnownedSerialExecutor() -> UnownedSerialExecutor {
        unsafe UnownedSerialExecutor(ordinary: self)
    }
}

/// A queue with one waiting reader.
///
/// Safe to share: `jobs` and `finished` are touched only while `mutex` is held, and the two pthread objects are made before the first use
/// and destroyed in `deinit`, when no thread can hold them.
@safe private final class JobQueue: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let arrived = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var jobs: [() -> Void] = []
    private var finished = false

    init() {
        unsafe precondition(pthread_mutex_init(mutex, nil) == 0, "pthread_mutex_init failed")
        unsafe precondition(pthread_cond_init(arrived, nil) == 0, "pthread_cond_init failed")
    }

    deinit {
        unsafe pthread_cond_destroy(arrived)
        unsafe pthread_mutex_destroy(mutex)
        unsafe arrived.deallocate()
        unsafe mutex.deallocate()
    }

    func append(_ job: @escaping () -> Void) {
        unsafe pthread_mutex_lock(mutex)
        assert(!finished, "an actor was called after its executor was shut down")
        jobs.append(job)
        unsafe pthread_cond_signal(arrived)
        unsafe pthread_mutex_unlock(mutex)
    }

    func finish() {
        unsafe pthread_mutex_lock(mutex)
        finished = true
        unsafe pthread_cond_signal(arrived)
        unsafe pthread_mutex_unlock(mutex)
    }

    /// Everything that was queued, after waiting for at least one job; `nil` at the end.
    func next() -> [() -> Void]? {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        while jobs.isEmpty {
            if finished { return nil }
            unsafe pthread_cond_wait(arrived, mutex)
        }
        defer { jobs.removeAll(keepingCapacity: true) }
        return jobs
    }
}

private func startThread(serving queue: JobQueue) {
    let start = unsafe Unmanaged.passRetained(queue)
    var thread = pthread_t()
    let result = unsafe pthread_create(
        &thread,
        nil,
        { argument in
            let queue = unsafe Unmanaged<JobQueue>.fromOpaque(argument!).takeRetainedValue()
            while let jobs = queue.next() {
                for job in jobs { job() }
            }
            return nil
        },
        start.toOpaque()
    )
    precondition(result == 0, "the system refused a thread: error \(result)")
    pthread_detach(thread)
}
