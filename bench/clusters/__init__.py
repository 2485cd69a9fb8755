"""Work on many machines with Ray: the connection, jobs and shards. `jobs` and `sharding` do not depend on Ray."""
