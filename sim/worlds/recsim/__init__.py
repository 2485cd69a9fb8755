"""RecSim's environments, from the published formulas. Parts that other worlds use do not belong here."""
