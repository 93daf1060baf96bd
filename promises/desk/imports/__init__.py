"""Imports: files of finished tickets from other systems, read by a mapping."""
