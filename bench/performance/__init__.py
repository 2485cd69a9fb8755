"""Measurements of speed and memory on this machine. Comparisons of agents by value do not belong here."""
