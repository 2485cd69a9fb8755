"""Profiles of agents: their scores on eight small tasks whose best value is known. Pages do not belong here."""
