"""What runs are watched by while they go on: their tracks, the state of the whole, and the server. No page."""
