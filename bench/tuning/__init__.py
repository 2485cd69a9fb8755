"""The search of settings: ranges, samplers, trials, and the judgement on other seeds. No page."""
