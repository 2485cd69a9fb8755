"""Actor-critic agents with networks in torch, a critic for each objective and an optional memory. No policies without critics."""
