"""Agents that use the titles of items. Text encoders and text scorers belong in `sim/text`."""
