"""A bank that does not exist: its history, its day as one watches, and its mail."""
