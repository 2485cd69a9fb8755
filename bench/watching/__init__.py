"""The live page's data and server: tracks and state of the runs in progress. The page is in `bench/reports`, not here."""
