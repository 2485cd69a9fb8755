"""The best value that an observation allows. Policies that use latent state and registered agents do not belong here."""
