"""The commands that read a log of impressions; no numbers are computed here."""
