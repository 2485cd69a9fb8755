"""Actor-critics over slates, with networks in torch: a critic for each objective, and memory. No policy without a critic."""
