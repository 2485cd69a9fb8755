"""The simulated shop: items, shoppers, click models, objectives and worlds. No learner, no environment, no torch."""
