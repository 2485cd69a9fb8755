"""Trackers, which record metrics of runs while they are in progress. The runs themselves do not belong here."""
