"""Agents that read the titles of items. No encoder and no scorer of texts: those are in `sim/text`."""
