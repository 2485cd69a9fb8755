"""Blocks of features besides the items' own: from texts, files and arrays. Text encoders and catalogues do not belong here."""
