"""Audits of worlds: rewards, reference policies, change and departures. Registered agents and pages do not belong here."""
