"""Text encoders, their cache, and scorers of texts for a shopper. Features of a catalogue and user models do not belong here."""
