"""Agents that use the titles of items, not text encoders and text scorers (see `sim/text`)."""
