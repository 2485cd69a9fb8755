"""The checks of agents. None of worlds or user models."""
