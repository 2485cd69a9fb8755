"""RecoGym's environment, from the published formulas. Parts that other worlds use do not belong here."""
