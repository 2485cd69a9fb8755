"""Bandits without context over items, and what they count. No bandit that looks at the shopper."""
