"""Running one agent in one world: the loop, its log, its processes and its folder. No comparison."""
