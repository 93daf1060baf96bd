"""Lupaus: customer promises that pay when they are broken."""
