"""Read-only queries over all rooms."""
