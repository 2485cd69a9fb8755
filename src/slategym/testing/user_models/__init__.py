"""The checks of user models. None of worlds or agents."""
