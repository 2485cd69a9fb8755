"""The command line: one file for each command. No computation of its own."""
