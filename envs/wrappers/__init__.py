"""Action wrappers: queries, scores and numbers of slates. No change of rewards or observations."""
