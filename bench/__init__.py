"""Benchmarks: our cases beside hand-written floors, in one run, as ratios."""
