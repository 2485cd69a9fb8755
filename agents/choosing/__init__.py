"""How agents choose slates: what may be shown, exploration, propensities, explanations. No learning: that is in `common`."""
