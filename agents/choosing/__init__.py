"""Parts of choosing slates: eligible items, exploration, propensities and explanations. Parts of learning belong in `common`."""
