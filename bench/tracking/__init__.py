"""Trackers: what a run tells while it goes on, and where that is kept. Nothing of what a run does."""
