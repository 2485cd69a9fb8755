"""Fits worlds to logs: rates, click models, episodes, what cannot be identified, and the certificate. No pages belong here."""
