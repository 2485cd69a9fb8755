"""A world in the shape of KuaiSim, from the published formulas. Nothing that another world uses."""
