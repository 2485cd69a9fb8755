"""The profile of agents: eight small tasks with a known best value, and how agents do on each. No page."""
