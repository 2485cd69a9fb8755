"""Agents that are made of other agents, whose estimates or slates they fuse. No model of their own of items or shoppers."""
