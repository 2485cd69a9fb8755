"""Parts of choosing slates: eligible items, exploration, propensities, explanations. No learning: that belongs in `common`."""
