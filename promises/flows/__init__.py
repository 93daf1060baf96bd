"""Use cases across rooms, one a module."""
