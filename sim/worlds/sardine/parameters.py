"""The constants of SARDINE's worlds."""

from __future__ import annotations

OFFSET = 0.65  # mu
EXAMINATION = 0.85  # ratio of the examination of a rank to that of the rank above
MEMORY = 10  # number of remembered clicks
WINDOW = 5  # steps for which a click is remembered, and for which boredom lasts
USER_TOPICS, ITEM_TOPICS = (3, 5), (2, 3)
FORGOTTEN = -1
