"""Agents that learn what a slate earns over all visits to come, by the value of each item. No policy gradients."""
