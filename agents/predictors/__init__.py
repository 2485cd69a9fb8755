"""Networks that predict clicks and conversions, as agents. Policy gradients do not belong here: they learn no probabilities."""
