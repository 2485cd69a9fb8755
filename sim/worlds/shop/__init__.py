"""`Shop-v0` and `ShopBandit-v0`: everything that belongs to these two worlds alone."""
