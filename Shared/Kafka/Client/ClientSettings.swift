/// The librdkafka properties of one client, in the order in which they are applied: a later one wins.
struct ClientSettings {
    private(set) var properties: [(name: String, value: String)] = []

    /// What a producer needs for the guarantee of `KafkaProducer`.
    static func producer(_ configuration: KafkaConfiguration, capacity: Int) -> ClientSettings {
        var settings = ClientSettings()
        settings.connect(configuration)
        settings["linger.ms"] = "\(configuration.lingerMilliseconds)"
        settings["queue.buffering.max.messages"] = "\(capacity)"
        settings["queue.buffering.max.kbytes"] = "262144"
        settings.add(configuration.extra)
        settings["acks"] = "all"
        settings["enable.idempotence"] = "true"
        // A record that timed out while its successor was delivered would be a hole: none times out, and any other loss is fatal.
        settings["enable.gapless.guarantee"] = "true"
        settings["message.timeout.ms"] = "0"
        // What Java's clients do, so that every program finds a key in the same partition.
        settings["partitioner"] = "murmur2_random"
        return settings
    }

    /// What a group member needs for the guarantee of `KafkaConsumer`.
    static func consumer(_ configuration: KafkaConfiguration, group: String, instanceID: String?) -> ClientSettings {
        var settings = ClientSettings()
        settings.connect(configuration)
        settings["session.timeout.ms"] = "\(configuration.sessionTimeout.wholeMilliseconds)"
        settings["heartbeat.interval.ms"] = "\(configuration.heartbeatInterval.wholeMilliseconds)"
        settings["max.poll.interval.ms"] = "\(configuration.maximumPollInterval.wholeMilliseconds)"
        // An answer comes as soon as there is a record; this is only how often an idle consumer asks again.
        settings["fetch.wait.max.ms"] = "2000"
        settings["fetch.error.backoff.ms"] = "100"
        settings["queued.max.messages.kbytes"] = "16384"
        settings["topic.metadata.refresh.interval.ms"] = "30000"
        settings.add(configuration.extra)
        settings["group.id"] = group
        if let instanceID { settings["group.instance.id"] = instanceID }
        settings["enable.auto.commit"] = "false"
        settings["enable.auto.offset.store"] = "false"
        settings["auto.offset.reset"] = "earliest"
        settings["partition.assignment.strategy"] = "cooperative-sticky"
        return settings
    }

    /// What a client that only asks questions needs.
    static func admin(_ configuration: KafkaConfiguration) -> ClientSettings {
        var settings = ClientSettings()
        settings.connect(configuration)
        settings.add(configuration.extra)
        return settings
    }

    private mutating func connect(_ configuration: KafkaConfiguration) {
        self["bootstrap.servers"] = configuration.bootstrapServers
        self["client.id"] = configuration.clientID
        self["log.queue"] = "true"
        self["log_level"] = "5"
        self["socket.keepalive.enable"] = "true"
        self["socket.nagle.disable"] = "true"
        // Brokers close idle connections; that is not worth a word in the log.
        self["log.connection.close"] = "false"
        self["reconnect.backoff.ms"] = "50"
        self["reconnect.backoff.max.ms"] = "1000"
        self["statistics.interval.ms"] = "0"
        self["allow.auto.create.topics"] = "false"
        switch (configuration.security, configuration.sasl) {
        case (.plaintext, nil): self["security.protocol"] = "plaintext"
        case (.plaintext, .some): self["security.protocol"] = "sasl_plaintext"
        case (.tls, nil): self["security.protocol"] = "ssl"
        case (.tls, .some): self["security.protocol"] = "sasl_ssl"
        }
        if let sasl = configuration.sasl {
            self["sasl.mechanism"] = sasl.mechanism.rawValue
            self["sasl.username"] = sasl.username
            self["sasl.password"] = sasl.password
        }
        if let file = configuration.certificateAuthorityFile { self["ssl.ca.location"] = file }
    }

    private mutating func add(_ extra: [String: String]) {
        for (name, value) in extra.sorted(by: { $0.key < $1.key }) { self[name] = value }
    }

    subscript(name: String) -> String? {
        get { properties.last { $0.name == name }?.value }
        set { if let newValue { properties.append((name, newValue)) } }
    }
}

extension Duration {
    /// Milliseconds for librdkafka's timeouts: rounded up, never negative, at most `Int32.max`.
    var wholeMilliseconds: Int32 {
        let (seconds, attoseconds) = components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        guard seconds < 2_000_000 else { return Int32.max }
        return Int32(seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    }
}
