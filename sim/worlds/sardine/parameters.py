"""The numbers of SARDINE's worlds."""

from __future__ import annotations

OFFSET = 0.65  # mu
EXAMINATION = 0.85  # of a rank, as a share of that of the rank above
MEMORY = 10  # clicks
WINDOW = 5  # steps that a click is remembered, and that boredom lasts
USER_TOPICS, ITEM_TOPICS = (3, 5), (2, 3)
FORGOTTEN = -1
