"""SEPA credit transfers: a file for the bank, and what the bank answers to it."""
