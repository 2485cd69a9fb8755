"""Networks that predict clicks and conversions, as agents. No policy gradients: those learn no probabilities."""
