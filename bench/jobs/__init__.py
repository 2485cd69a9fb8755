"""Runs as jobs: in processes, kept when done, told of while under way. Nothing of what a run does: that is `execution`."""
