"""Linear contextual bandits, such as LinUCB and Thompson sampling, with their models. No networks."""
