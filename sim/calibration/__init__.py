"""Fitting worlds to logs: what `slategym calibrate` runs. Figures come out, never rows of the data."""
