"""Directions of the policy gradient: coefficients of the objectives' gradients, by name. No network, no agent."""
