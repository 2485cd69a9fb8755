"""Linear contextual bandits, LinUCB and Thompson sampling, with their model. No network."""
