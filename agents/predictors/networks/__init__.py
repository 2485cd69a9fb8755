"""Networks that predict clicks and conversions, with their inputs and layers, by name. Training and agents do not belong here."""
