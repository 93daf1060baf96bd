"""Every way in which paying can go wrong, each with what must come of it."""
