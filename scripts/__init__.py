"""The command line, with one file per command. Computations do not belong here."""
