"""`OpenBandit-v0`: the world, its fitted parameters, and how they are fitted. Nothing of other worlds."""
