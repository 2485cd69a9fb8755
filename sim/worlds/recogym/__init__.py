"""RecoGym's environment, from the published formulas. Nothing that another world uses."""
