"""Audits of worlds: rewards, reference policies, change and departures. No agent of the registry, no page."""
