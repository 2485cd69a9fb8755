"""Online tests of two agents: how many shoppers they need, and what learning does to them. No page."""
