"""The queue: work deferred inside the transaction that needs it."""
