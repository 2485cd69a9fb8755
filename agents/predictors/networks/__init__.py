"""Networks of clicks and conversions, their inputs and layers, by name. No learning, and nothing of agents."""
