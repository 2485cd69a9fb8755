"""A world modelled on KuaiSim, from the published formulas. Parts that other worlds use do not belong here."""
