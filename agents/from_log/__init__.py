"""Logs as what agents learn from: the problem of a log, its steps, and learning. No fitting of worlds, and no evaluation."""
