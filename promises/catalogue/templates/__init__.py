"""Promises that others make, as a start for one's own: twenty guarantees with their blanks."""
