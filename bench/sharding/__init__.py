"""One run in shards: its shoppers divided among processes, whose copies of the agent learn together. No several runs."""
