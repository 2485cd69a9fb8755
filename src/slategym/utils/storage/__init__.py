"""Storage: graphs of objects, archives, fingerprints, locks, atomic writes. Code about shoppers does not belong here."""
