"""What goes to disk and comes back: graphs of objects, archives, fingerprints, atomic writes. Nothing that knows a shopper."""
