"""Log files and click rates for the presets of `slategym fit`. Code for a single world does not belong here."""
