"""The page of an audit. No numbers."""
