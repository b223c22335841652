import BlockingExecution

/// The thread on which a producer's reports are waited for.
///
/// It waits inside librdkafka, on a condition variable, and is woken by an event or by `ProducerCore.end()`: an idle producer costs nothing.
actor ReportThread {
    private let executor = BlockingExecutor()

    nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe executor.asUnownedSerialExecutor()
    }

    deinit {
        executor.shutdown()
    }

    /// Handles events until the producer ends.
    func run(for core: ProducerCore) {
        while !core.hasEnded {
            if let event = core.handle.nextEvent(within: .seconds(60)) { core.handle(event) }
        }
    }
}
