"""The page of a profile: what it says, and its plots. No numbers of its own."""
