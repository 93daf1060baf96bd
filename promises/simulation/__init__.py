"""Demo data and the simulated branch day."""
