"""REINFORCE over slates with networks in torch. No adapter of another library's algorithm."""
