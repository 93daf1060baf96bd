"""The process that keeps the clock and runs deferred work."""
