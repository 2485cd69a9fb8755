"""Audits of worlds: rewards, reference policies, change and departures. Neither registered agents nor pages belong here."""
