"""Many machines by Ray: the connection, jobs and shards. What is run is in `jobs` and `sharding`, which know nothing of Ray."""
