"""Double entry: accounts, transactions, entries."""
