"""Commitments and their verdicts, breaches, exclusions, annulments."""
