"""Thompson sampling and UCB with hierarchical logistic models of clicks and conversions. Not linear models (see `linear`)."""
