"""Thompson sampling and UCB with hierarchical logistic models of clicks and conversions. Linear models belong in `linear`."""
