"""Thompson sampling and UCB with hierarchical logistic models of clicks and conversions, not linear models (see `linear`)."""
