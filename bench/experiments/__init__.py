"""Online experiments with two agents: how many shoppers they need, and how learning affects them. No pages belong here."""
