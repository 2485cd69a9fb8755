"""The constants of the shop."""

from __future__ import annotations

PACE = 0.1  # of satisfaction: what a visit moves it by, and what it forgets
MONTH = 30  # visits: the period of the season, and the most visits of a shopper
DELAY_SHARES = (0.6, 0.12, 0.09, 0.07, 0.05, 0.03, 0.02, 0.02)  # of conversions that become known 0, 1, ... 7 visits later
