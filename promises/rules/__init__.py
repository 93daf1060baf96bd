"""The pure engine: terms, facts and the time in; a verdict with its reasons out."""
