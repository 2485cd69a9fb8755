"""Wrappers that change what an action is. No change of rewards or observations."""
