"""Bandits over items without context, and the counts that they learn from. No contextual bandits."""
