"""Named methods that combine the gradients of the objectives into one direction. Networks and agents do not belong here."""
