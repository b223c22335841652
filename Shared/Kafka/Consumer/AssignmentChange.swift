/// What a group did to the partitions of one consumer.
package enum AssignmentChange: Sendable, Equatable {
    /// They came, and are read from their committed offsets. May be empty: the group has more members than partitions.
    case assigned([TopicPartition])
    /// They went. The batch in flight was waited for, and what was handled is committed.
    case revoked([TopicPartition])
    /// Others had them already when we heard of it: what is in flight will be delivered there too.
    case lost([TopicPartition])
}
