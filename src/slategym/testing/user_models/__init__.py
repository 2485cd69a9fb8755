"""The checks of user models. Checks of worlds and agents do not belong here."""
