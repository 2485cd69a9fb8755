"""Worlds fitted to logs of impressions: rates, click models, episodes, what cannot be identified, the certificate. No page."""
