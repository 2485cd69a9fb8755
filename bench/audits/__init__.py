"""What a world pays, to whom and for how long. No agent of the registry, no page."""
