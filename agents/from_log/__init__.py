"""Learning of agents from logs: the problem of a log, its steps, and learning. Fitting and evaluation do not belong here."""
