"""Running one agent in one world: the loop, what is recorded and evaluated, and the log. No other process."""
