"""`DeepShop-v0`: everything that belongs to this world alone."""
