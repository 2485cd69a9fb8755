"""Agents: batches of observations in, slates out. How they are run and compared is in `slategym.bench`."""
