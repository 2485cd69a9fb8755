"""The checks of agents. Checks of worlds and user models do not belong here."""
