"""Thompson sampling with hierarchical logistic models of clicks and conversions. No linear model: those are in `linear`."""
