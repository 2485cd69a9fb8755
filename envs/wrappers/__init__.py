"""Action wrappers: queries, scores and numbers of slates. Changes of rewards or observations do not belong here."""
