"""Agents that fuse the estimates or slates of other agents. No models of items or shoppers."""
