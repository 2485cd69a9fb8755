"""The best value that an observation allows. No latent state in the policy, no agent of the registry."""
