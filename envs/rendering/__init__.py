"""What `render` returns: a row of the simulation as text or as a picture. No plot of a result."""
