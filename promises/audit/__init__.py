"""The append-only trail of who did what, chained by hashes."""
