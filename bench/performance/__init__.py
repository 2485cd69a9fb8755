"""Measurements of speed and memory on this machine. Nothing about how good an agent is."""
