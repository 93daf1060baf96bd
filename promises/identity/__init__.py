"""Organisations, branches, calendars, people, keys, devices, customers."""
