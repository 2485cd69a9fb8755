"""Runs as jobs: in processes, kept when done, told of while under way. Not what a run does: that is `execution`."""
