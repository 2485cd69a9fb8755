"""Models of clicks and conversions, trained on a log and judged by it, by the truth and by what they earn. No page, no agent."""
