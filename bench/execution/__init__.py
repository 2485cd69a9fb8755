"""Runs one agent in one world: the loop, records, evaluation and the log. Work in other processes does not belong here."""
