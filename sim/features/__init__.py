"""Blocks of features beside the items' own: from texts, files and arrays. No encoder of text, no catalogue."""
