"""The checks of user models. Checks of worlds and agents lie beside."""
