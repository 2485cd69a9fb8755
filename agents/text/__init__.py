"""Agents that use the titles of items. Not text encoders and text scorers (see `sim/text`)."""
