"""`Hillstrom-v0`: the world, its fitted parameters, and how they are fitted. Parts of other worlds do not belong here."""
