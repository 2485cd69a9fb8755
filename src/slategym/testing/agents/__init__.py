"""The checks of agents. Checks of worlds and user models lie beside."""
