"""SARDINE's environments, from the published formulas. Nothing that another world uses."""
