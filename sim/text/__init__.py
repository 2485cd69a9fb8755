"""Encoders of texts, their cache, and what scores texts for a shopper. No features of a catalogue, no user model."""
